"""Names of hosts in a text: where a name ends, and whether one without `https://` was meant as a link at all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from flows.platforms import is_listed
from flows.understanding.hosts import ascii_host, is_top_level_domain
from flows.understanding.link_letters import HAN, LATIN, without_hidden

DOT = (
    r"(?:\.|[。｡](?=[A-Za-z0-9])|\s?[\[({<]\s?(?:\.|dot|點|点)\s?[\])}>]\s?|\[\.|\.\]|\\\."
    r"|\sdot\s|\s\.\s(?=(?:com|net|org|hk|me)\b)|\s?[點点](?=(?:com|net|org|hk|me)\b))"
)
"""A dot as people write it, also those who hide their links from a filter."""
_DOT = re.compile(DOT, re.IGNORECASE)
_SPELLED_OUT = re.compile(r"\s?(?:dot|[點点])\s?|\s\.\s", re.IGNORECASE)

_ENDINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_CLEAR = frozenset(_ENDINGS["clear"])
_WORDS = frozenset(_ENDINGS["words"])
_UNLIKE_A_WORD = re.compile(r"[A-Za-z][0-9-]|[0-9-][A-Za-z]")
_HANDLE = re.compile(
    r"(?:\big|insta(?:gram)?|threads|user(?: ?name)?|handle|\btg|telegram|snap(?:chat)?|帳號|账号)[ :：=]*\Z",
    re.IGNORECASE,
)
_ALONE_BEFORE = re.compile(r"(?:\A|\n)[^\w\n]*(?:\d{1,3}[^\w\n]+)?\Z")
_ALONE_AFTER = re.compile(r"[^\w\n]*(?:\n|\Z)")


@dataclass(frozen=True)
class Label:
    """One of the words between the dots of a name, and where it stands in the text."""

    text: str
    start: int
    end: int


def labels_of(text: str, start: int, end: int) -> list[Label]:
    """Return the labels of the name that stands there, free of hidden characters."""
    dots = list(_DOT.finditer(text, start, end))
    starts = [start, *(dot.end() for dot in dots)]
    ends = [*(dot.start() for dot in dots), end]
    return [Label(without_hidden(text[a:z]), a, z) for a, z in zip(starts, ends, strict=True)]


def host_of(labels: Sequence[Label]) -> str:
    """Return the name with plain dots."""
    return ".".join(label.text for label in labels)


def up_to_ending(labels: Sequence[Label], *, shorter: bool) -> list[Label]:
    """Cut off what only touches the name: `x.com嘅片`, and if it may get `shorter`, `x.com.He said`.

    Returns:
        The labels up to an ending that exists; none where there is no such ending.
    """
    for count in range(len(labels), 1, -1):
        *first, last = labels[:count]
        for length in _possible_lengths(last.text):
            if is_top_level_domain(last.text[:length]):
                too_long_by = len(last.text) - length
                return [*first, replace(last, text=last.text[:length], end=last.end - too_long_by)]
        if not shorter:
            break
    return []


def _possible_lengths(label: str) -> list[int]:
    """Return where a last label could end: whole, before Chinese prose, or inside Chinese letters."""
    narrow = re.match(rf"[{LATIN}-]+(?=[{HAN}])", label)
    if narrow:
        return [len(label), narrow.end()]
    return [len(label)] if label.isascii() else [len(label), *range(min(len(label) - 1, 5), 1, -1)]


def is_meant(labels: Sequence[Label], text: str, end: int, *, tail: bool) -> bool:
    """Tell whether a name with an existing ending, and nothing else that says link, was meant as one.

    Args:
        end: where the link ends in the text.
        tail: whether a path or a query follows the name.
    """
    host = ascii_host(host_of(labels))
    if not host:
        return False
    ending, start = labels[-1].text.lower(), labels[0].start
    if is_listed(host) and (tail or ending not in _WORDS or len(labels[-2].text) > 4):
        return True  # but not `line.me` in a sentence
    if ending not in _CLEAR and all(label.text.isdigit() for label in labels[:-1]):
        return False  # 3.am
    if tail or host.startswith("www."):
        return True
    before = text[max(0, start - 24) : start]
    if _HANDLE.search(before) and ending not in {"com", "net", "org"}:
        return False
    alone = bool(_ALONE_BEFORE.search(before) and _ALONE_AFTER.match(text[end : end + 24]))
    gaps = (text[first.end : second.start] for first, second in pairwise(labels))
    spelled_out = any(_SPELLED_OUT.fullmatch(gap) for gap in gaps)
    if ending in _CLEAR:
        return alone or not spelled_out
    unlike_a_word = bool(_UNLIKE_A_WORD.search(labels[-2].text))
    return (alone or unlike_a_word) and not spelled_out and ending not in _WORDS
