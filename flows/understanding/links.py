"""Links out of anything people paste: which there are, on which sites, and what could not be taken.

Nothing is ever opened or looked up. A link is kept exactly as it was sent, beside a form of it that tells
a second one apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from flows.platforms import platform_of
from flows.understanding.hosts import ascii_host, is_public, readable_host, site_of, without_prefix
from flows.understanding.link_key import link_key, telegram_link
from flows.understanding.link_text import Found, find
from flows.understanding.text import clean

LONGEST_LINK = 2048
"""Characters. What sites and browsers commonly take; a picture pasted as text is longer."""


class Refused(StrEnum):
    """Why something that was meant as a link is not taken."""

    NOT_PUBLIC = "not_public"
    """A host only some can reach: localhost, a private or reserved address, a name without a dot."""
    NOT_WEB = "not_web"
    """A scheme that leads to no public page: `javascript:`, `data:`, `file:`, `ftp:`, `mailto:`, an app's own."""
    TOO_LONG = "too_long"
    """More than `LONGEST_LINK` characters."""
    UNREADABLE = "unreadable"
    """It starts like a link, and no host can be made out."""


@dataclass(frozen=True)
class Link:
    """One link.

    Attributes:
        url: exactly as sent, a piece of the message.
        normalised: equal for two links to the same content; itself a link, with itself as its key.
        host: as people write it, lower case, without `www.`.
        site: the domain that was registered; what sites are counted by.
        platform: the type of the place, see `flows.platforms`.
    """

    url: str = field(repr=False)
    normalised: str = field(repr=False)
    host: str = field(repr=False)
    site: str = field(repr=False)
    platform: str


@dataclass(frozen=True)
class LinksRead:
    """What a message holds.

    Attributes:
        links: different ones, in the order they were sent.
        refused: one reason for each that was not taken, in order.
        prose: what the person wrote beside them, cleaned; may be empty.
        repeated: how many links came a second time within this message.
    """

    links: tuple[Link, ...]
    refused: tuple[Refused, ...] = ()
    prose: str = field(default="", repr=False)
    repeated: int = 0


def read_links(text: str) -> LinksRead:
    """Read the links of one message. Takes any text, and never raises."""
    links: dict[str, Link] = {}
    refused: list[Refused] = []
    beside: list[str] = []
    repeated = end = 0
    for found in find(text):
        beside.append(text[end : found.start])
        end = found.end
        read = _read(found, text[found.start : found.end])
        if isinstance(read, Refused):
            refused.append(read)
        elif read.normalised in links:
            repeated += 1
        else:
            links[read.normalised] = read
    beside.append(text[end:])
    return LinksRead(tuple(links.values()), tuple(refused), _prose(_GAP.join(beside)), repeated)


def _read(found: Found, url: str) -> Link | Refused:
    if len(url) > LONGEST_LINK:
        return Refused.TOO_LONG
    if found.kind == "tg":
        tail = telegram_link(found.tail)
        return _link(url, "t.me", "", tail) if tail else Refused.UNREADABLE
    if found.kind == "other":
        return Refused.NOT_WEB
    host = ascii_host(found.host)
    if not host or int(found.port or 0) > 65535:
        return Refused.UNREADABLE
    if not is_public(host):
        return Refused.NOT_PUBLIC if found.host.isascii() or "." in host else Refused.UNREADABLE
    return _link(url, host, found.port, found.tail)


def _link(url: str, host: str, port: str, tail: str) -> Link:
    host_without_prefix = without_prefix(host)
    return Link(
        url=url,
        normalised=link_key(host, port.lstrip("0"), tail),
        host=readable_host(host_without_prefix),
        site=readable_host(site_of(host)),
        platform=platform_of(host),
    )


_GAP = "\ue000"
"""Stands in the prose for a link that was taken out; a private character, so that nobody writes it."""
_MARKDOWN = re.compile(rf"!?\[([^\[\]\n]*)\]\(\s*{_GAP}\s*\)")
_BRACKETS = re.compile(rf"[(\[{{<（「『【《〈]\s*{_GAP}\s*[)\]}}>）」』】》〉]")
_NUMBERING = re.compile(r"\W*\d{0,3}\W*")


def _prose(text: str) -> str:
    """Return the words left between links: without brackets, bullets and numbers that held only a link."""
    text = _BRACKETS.sub(_GAP, _MARKDOWN.sub(rf" \1 {_GAP}", clean(text)))
    lines = []
    for line in text.splitlines():
        words = " ".join(line.replace(_GAP, " ").split())
        if words and not (_GAP in line and _NUMBERING.fullmatch(words)):
            lines.append(words)
    return "\n".join(lines)
