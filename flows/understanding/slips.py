"""Words typed in haste."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from rapidfuzz.distance import Postfix, Prefix

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
    same = Prefix.similarity(typed, word)
    end = Postfix.similarity(typed[same:], word[same:])
    was, came = word[same : len(word) - end], typed[same : len(typed) - end]
    if len(was) == 2 and came == was[::-1]:
        return True
    if not was and len(came) == 1 and came in word[max(same - 1, 0) : same + 1]:
        return True
    return len(word) >= _LONG and len(was) <= 1 and len(came) <= 1


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
        self._by_rest: dict[str, set[str]] = defaultdict(set)
        for word in words:
            for rest in _rests(word):
                self._by_rest[rest].add(word)

    def of(self, typed: str) -> str:
        """Return the only word of which `typed` is a slip, or else `typed` itself."""
        if len(typed) < _SHORTEST - 1 or typed in self._certain:
            return typed
        near: set[str] = set()
        for rest in _rests(typed):
            if words := self._by_rest.get(rest):
                near |= words
        meant = [word for word in near if is_slip(typed, word)]
        return meant[0] if len(meant) == 1 else typed


def _rests(word: str) -> set[str]:
    return {word, *[word[:at] + word[at + 1 :] for at in range(len(word))]}
