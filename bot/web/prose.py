"""A text of the catalogue as a page shows it: paragraphs and lists with their language, links, case codes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, cast

from flows.vocabulary import CHINESE, ENGLISH
from locales import TAGS

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_ITEM = re.compile(r"^[-・•]\s*")
_SET_APART = re.compile(
    r"(?P<link>https?://[^\s<>\"'，。、；：（）「」『』]*[^\s<>\"'，。、；：（）「」『』.,;:!?)\]])"
    r"|(?P<code>(?<!\d)\d{4}(?:[ -]?\d{4}){3}(?!\d))"
    r"|(?P<reference>(?<![A-Z\d-])TD-[A-Z\d]{4}(?![A-Z\d-]))"
)


Kind = Literal["text", "link", "code", "reference"]


@dataclass(frozen=True)
class Span:
    """A stretch of a line. `kind` is `text`, `link`, `code` (a case code) or `reference` (of a case)."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Block:
    """Lines that belong together, in one language: a paragraph, or the items of a list."""

    kind: Literal["p", "ul"]
    lang: str
    lines: tuple[tuple[Span, ...], ...]


def blocks(text: str) -> tuple[Block, ...]:
    """Set a text. An empty line parts paragraphs, and lines that begin with a dash or a dot are a list.

    A paragraph with Chinese characters in it is Chinese.
    """
    found: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lang = lang_of(paragraph)
        for is_list, lines in groupby(paragraph.split("\n"), lambda line: _ITEM.match(line) is not None):
            spans = tuple(_spans(_ITEM.sub("", line)) for line in lines)
            found.append(Block("ul" if is_list else "p", lang, spans))
    return tuple(found)


def lang_of(text: str) -> str:
    """Return the tag of the language a text of ours is written in."""
    return TAGS[CHINESE if _HAN.search(text) else ENGLISH]


def _spans(line: str) -> tuple[Span, ...]:
    spans: list[Span] = []
    end = 0
    for found in _SET_APART.finditer(line):
        if found.start() > end:
            spans.append(_text(line[end : found.start()]))
        spans.append(Span(cast(Kind, found.lastgroup), found[0]))
        end = found.end()
    if end < len(line):
        spans.append(_text(line[end:]))
    return tuple(spans)


def _text(words: str) -> Span:
    """A telephone number is not broken over two lines."""
    return Span("text", re.sub(r"(?<=\d) (?=\d)", "\u00a0", words))
