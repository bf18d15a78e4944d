"""An answer as plain text: choices as numbered lines that are easy to answer on a phone, long texts in parts.

Lengths are in UTF-16 units, as providers count them: an emoji is two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.receive import Answer, Message
from locales import Words

_BORDERS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[。！？])|(?<=[.!?])\s"),
    re.compile(r"\s"),
)
"""Where a text may be parted, the best place first: after a paragraph, a line, a sentence, a word."""

_LINK = re.compile(r"https?://[!-~]+")


def as_text(words: Words, answer: Answer) -> str:
    """Put a whole answer into one text, a blank line between its messages."""
    return "\n\n".join(numbered(words, answer, message) for message in answer.messages)


def numbered(words: Words, answer: Answer, message: Message) -> str:
    """Put one message into text, its choices below it as `1. …`, and how to choose where there is more than one.

    A single choice is not what the question is about, such as `Done`: nobody should be led to type its number.
    """
    if not message.choices:
        return message.text
    lines = [f"{number}. {label}" for number, (_, label) in enumerate(message.choices, start=1)]
    if len(lines) > 1:
        lines.append(words.label(answer.language, "choose.several" if message.several else "choose.one"))
    return "\n".join([message.text, "", *lines])


def length(text: str) -> int:
    """Count a text in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parts(text: str, most: int) -> Iterator[str]:
    """Part a text at good places, each part at most `most` units.

    A character is never cut in two, and neither is a link that fits into a part.

    Args:
        most: UTF-16 units, at least 2.
    """
    rest = text.strip()
    while length(rest) > most:
        cut = _cut(rest, most)
        yield rest[:cut].rstrip()
        rest = rest[cut:].lstrip()
    yield rest


def _cut(text: str, most: int) -> int:
    fits = _fitting(text, most)
    for border in _BORDERS:
        places = [found.end() for found in border.finditer(text, 0, fits + 1) if found.end() <= fits]
        # A part of a few words with all the rest in the next one is no good place.
        if places and places[-1] > fits // 3:
            return places[-1]
    for link in _LINK.finditer(text):
        if 0 < link.start() < fits < link.end():
            return link.start()
    return fits


def _fitting(text: str, most: int) -> int:
    """Return how many characters of a text fit."""
    units = 0
    for place, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > most:
            return max(place, 1)
    return len(text)
