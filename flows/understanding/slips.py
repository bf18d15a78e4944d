"""Words typed in haste."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from string import ascii_lowercase

_SHORTEST = 4
"""Letters. A shorter word is one slip away from too many others."""
_LONG = 6
"""Letters, from which on a wrong, missing or added letter still leaves one word only: `stop` is near `step`."""


def slips(word: str) -> set[str]:
    """Return the ways `word` comes out when typed in haste.

    Two neighbours swapped or one letter doubled; in longer words also one letter missing, wrong or added.
    """
    if len(word) < _SHORTEST or not (word.isascii() and word.isalpha()):
        return set()
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    typed = {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    typed |= {head + tail[0] + tail for head, tail in cuts if tail}
    if len(word) >= _LONG:
        typed |= {head + tail[1:] for head, tail in cuts}
        typed |= {head + letter + tail for head, tail in cuts for letter in ascii_lowercase}
        typed |= {head + letter + tail[1:] for head, tail in cuts if tail for letter in ascii_lowercase}
    return typed - {word}


def corrections(words: Collection[str], real: Iterable[str] = ()) -> dict[str, str]:
    """Return, for each slip that leads to one of `words` only, that word; `real` words are no slips."""
    found: dict[str, str] = {}
    doubtful = set(words) | set(real)
    for word in words:
        for typed in slips(word):
            if found.setdefault(typed, word) != word:
                doubtful.add(typed)
    return {typed: word for typed, word in found.items() if typed not in doubtful}
