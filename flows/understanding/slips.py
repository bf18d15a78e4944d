"""Words typed in haste."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import takewhile

_SHORTEST = 4
"""Letters. A shorter word is one slip away from too many others."""
_LONG = 6
"""Letters, from which on a wrong, missing or added letter still leaves one word only: `stop` is near `step`."""


def is_slip(typed: str, word: str) -> bool:
    """Tell whether `word` may come out as `typed` in haste.

    Two neighbours swapped or one letter doubled; in longer words also one letter missing, wrong or added.
    """
    if len(word) < _SHORTEST or typed == word or not (word.isascii() and word.isalpha()):
        return False
    if is_swap(typed, word):
        return True
    same = _begin_alike(typed, word)
    end = _begin_alike(typed[same:][::-1], word[same:][::-1])
    was, came = word[same : len(word) - end], typed[same : len(typed) - end]
    if not was and len(came) == 1 and came in word[max(same - 1, 0) : same + 1]:
        return True
    return len(word) >= _LONG and len(was) <= 1 and len(came) <= 1


def is_swap(typed: str, words: str) -> bool:
    """Tell whether the two differ by two neighbours in the wrong order, and by nothing else: `emial`."""
    same = _begin_alike(typed, words)
    was, came = words[same:], typed[same:]
    return was != came and was[:2] == came[1::-1] and was[2:] == came[2:]


def _begin_alike(one: str, other: str) -> int:
    """How many letters the two begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def likeness(typed: str, words: str) -> float:
    """Return how much of both is the same in the same order, in percent: twice the longest common subsequence.

    Its length comes by whole rows of the table at once, as the bits of one number (Hyyrö, 2004).
    """
    places: dict[str, int] = defaultdict(int)
    for at, letter in enumerate(typed):
        places[letter] |= 1 << at
    everywhere = (1 << len(typed)) - 1
    row = everywhere
    for letter in words:
        match = row & places[letter]
        row = ((row + match) | (row - match)) & everywhere
    common = len(typed) - row.bit_count()
    return 200 * common / (len(typed) + len(words)) if typed or words else 100.0


class Corrections:
    """Finds the word that was meant.

    Words that differ by one slip have the same letters once one letter is left out of each, so only words that
    share such a rest are compared.

    Args:
        words: the words that may be meant.
        real: words that are never read as a slip of another.
    """

    def __init__(self, words: Collection[str], real: Iterable[str] = ()) -> None:
        self._certain = frozenset(words) | frozenset(real)
        by_rest: dict[str, set[str]] = defaultdict(set)
        for word in words:
            for rest in _rests(word):
                by_rest[rest].add(word)
        # Thousands of sets of one word each would take four times as much memory.
        self._by_rest = {rest: tuple(near) for rest, near in by_rest.items()}

    def of(self, typed: str) -> str:
        """Return the only word of which `typed` is a slip, or else `typed` itself."""
        if len(typed) < _SHORTEST - 1 or typed in self._certain:
            return typed
        near: set[str] = set()
        for rest in _rests(typed):
            near.update(self._by_rest.get(rest, ()))
        meant = [word for word in near if is_slip(typed, word)]
        return meant[0] if len(meant) == 1 else typed


def _rests(word: str) -> set[str]:
    return {word, *[word[:at] + word[at + 1 :] for at in range(len(word))]}
