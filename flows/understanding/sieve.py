"""Which of many patterns can match a text at all: only those are tried.

A pattern needs some of its own words: `want to (die|disappear)` matches nothing without a `wan`, and nothing that has
neither `die` nor `dis`. What each needs is read from the pattern itself, so that the two cannot come apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

# What `re` reads patterns with; there is no other way to ask it.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

OneOf = frozenset[str]
"""Pieces of which a text has to hold at least one."""

_PIECE = 3
"""Letters that a text is looked through for; of other scripts each character by itself says as much."""

_MOST = 6
"""Needs of one way that are looked at; what is rarest tells most."""

_EVERYDAY = frozenset(
    "我你佢自己人哋個係有冇唔好會要想話都就又而且同喺嚟去到過上入出住咗緊嘅啲得俾叫見知真一"
)
"""Characters that so many texts hold that needing one says little."""


class Sieve:
    """Patterns in their order, and what each needs.

    Args:
        patterns: as `re.compile` takes them, without flags. What they need stays needed when something else in a
            text is replaced by a space.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(re.compile(pattern) for pattern in patterns)
        # By each piece of what is rarest: where the pattern stands, and what else it needs.
        self._needing: dict[str, list[tuple[int, Sequence[OneOf]]]] = defaultdict(list)
        self._always: set[int] = set()
        for place, pattern in enumerate(self._patterns):
            for needed in needs(pattern.pattern):
                if not needed:
                    self._always.add(place)
                    continue
                others = place, tuple(needed[1:])
                for piece in needed[0]:
                    self._needing[piece].append(others)

    def worth_trying(self, held: set[str]) -> Iterator[re.Pattern[str]]:
        """Return the patterns that can match a text, in their order.

        Args:
            held: the `pieces` of the text.
        """
        places = {
            place
            for piece in held & self._needing.keys()
            for place, others in self._needing[piece]
            if not any(other.isdisjoint(held) for other in others)
        }
        return (self._patterns[place] for place in sorted(places | self._always))


def pieces(text: str) -> set[str]:
    """Return all that a pattern may need of a text."""
    return {text[start : start + _PIECE] for start in range(len(text) - _PIECE + 1)}.union(text)


def needs(pattern: str) -> list[list[OneOf]]:
    """Return for each way in which a pattern can match what a text must hold for it: each of these, the rarest first."""
    return [sorted(dict.fromkeys(needed), key=_commonness)[:_MOST] for needed in _ways(parser.parse(pattern))]


def _ways(items: Sequence[Any]) -> list[list[OneOf]]:
    said = [item for item in items if item[0] not in (op.AT, op.ASSERT_NOT)]
    match said:
        case [(op.SUBPATTERN, (*_, inner))]:
            return _ways(inner)
        case [(op.BRANCH, (_, branches))]:
            return [way for branch in branches for way in _ways(branch)]
    return [_all_of(said)]


def _all_of(items: Sequence[Any]) -> list[OneOf]:
    """Return what the parts of a sequence need."""
    needed: list[OneOf] = []
    literal = ""
    for kind, argument in [*items, (op.AT, None)]:
        if kind is op.LITERAL:
            literal += chr(argument)
            continue
        needed += _of_literal(literal)
        needed += _of_part(kind, argument)
        literal = ""
    return needed


def _of_part(kind: Any, argument: Any) -> list[OneOf]:
    match kind:
        case op.SUBPATTERN:
            return _all_of(argument[-1])
        case op.ASSERT:
            return _all_of(argument[1])
        case op.MAX_REPEAT | op.MIN_REPEAT:
            least, _, repeated = argument
            return _all_of(repeated) if least else []
        case op.BRANCH:
            return _one_of([_all_of(branch) for branch in argument[1]])
        case op.IN:
            return _one_of([_all_of([one]) for one in argument])
    return []


def _one_of(branches: Sequence[Sequence[OneOf]]) -> list[OneOf]:
    """Return what is needed where one of several is: of each its rarest, if each needs something."""
    if not all(branches):
        return []
    return [OneOf().union(*(min(branch, key=_commonness) for branch in branches))]


def _of_literal(literal: str) -> list[OneOf]:
    # A space may come from what was replaced, so only what stands between spaces is counted on.
    return [_just(piece) for word in literal.split() for piece in _ends_of(word)]


@cache
def _just(piece: str) -> OneOf:
    return OneOf({piece})


def _ends_of(word: str) -> Sequence[str]:
    return (word[:_PIECE], word[-_PIECE:]) if len(word) >= _PIECE and word.isascii() else word


def _commonness(needed: OneOf) -> int:
    """Return how often, roughly, a text holds one of these."""
    return sum(
        1 if len(piece) == _PIECE else 3 if not piece.isascii() and piece not in _EVERYDAY else 100
        for piece in needed
    )
