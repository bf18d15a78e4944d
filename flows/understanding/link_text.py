"""Finding links in what people paste: where each one starts and ends, whatever touches it.

The grammar reads the text as it was sent, and knows by itself about Chinese on both sides, full-width
letters, defanged dots and wrapped lines, so that what it finds is always a piece of that text. It does not
judge a link; `links` does. Every pattern takes time in proportion to the text, whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from flows.understanding.link_letters import HAN, HIDDEN, LATIN, URL, narrowed
from flows.understanding.link_names import DOT, Label, host_of, is_meant, labels_of, up_to_ending
from flows.understanding.link_tails import tail_at, trimmed


@dataclass(frozen=True)
class Found:
    """A piece of the text that was meant as a link.

    Attributes:
        start: where it stands in the text.
        end: the first place after it.
        kind: `web`, `tg` (a link into Telegram), or `other`: a scheme that is none of the web's.
        host: with plain dots; empty where none can be made out.
        port: digits, or empty.
        tail: path, query and fragment, in half-width letters and on one line.
    """

    start: int
    end: int
    kind: Literal["web", "tg", "other"]
    host: str = field(default="", repr=False)
    port: str = field(default="", repr=False)
    tail: str = field(default="", repr=False)


# As copied without its first letter, mistyped, or defanged: ttps, htttp, hxxp.
_HTTP = r"(?:h{1,2}(?:t{1,3}|xx|\*\*|__)p{1,2}s?|(?<![A-Za-z])t{1,2}ps?)"
_SLASHES = r"(?:\s?(?:[:;.]|\[:\]|：)\s?[/\\]{1,3}|\[:?//\]?|//)"
_SLIPPED_SPACE = rf"(?:[ {HIDDEN}](?=[\w-]{{1,63}}\.\w))?"
_OTHER_SCHEME = (
    r"(?<![A-Za-z0-9+.\-])(?:"
    r"(?:javascript|vbscript|blob|view-source|filesystem):(?=\S)|mailto:(?=\S)|about:blank\b|magnet:\?"
    r"|data:(?=[a-z]{1,20}/[\w.+-]{1,60}[;,])"
    r"|(?:file|content):///?(?=\S)"
    r"|(?![a-z0-9+.\-]{0,20}(?:ttps?|xxps?|\*\*ps?):)[a-z][a-z0-9+.\-]{1,20}://?(?=[^\s/]))"
)
_NOT_NEXT = "(?!https?://)"
_LABEL = rf"{_NOT_NEXT}[{LATIN}](?:{_NOT_NEXT}[{LATIN}_{HIDDEN}-]){{0,62}}+"
_ANY_LABEL = rf"{_NOT_NEXT}\w(?:{_NOT_NEXT}[\w{HIDDEN}-]){{0,62}}+"
# A name starts here, and is not the middle of a word, an e-mail address, a handle or a path on a disk.
_EDGE = rf"(?:(?<![\w@.\-/\\])|(?<=[{HAN}])|(?<=\.\.)|(?<=//)|(?<=^-)|(?<=\s-))"

_START = re.compile(
    rf"(?P<web>(?:{_HTTP}{_SLASHES}{_SLIPPED_SPACE})+)"
    r"|(?P<tg>(?<![A-Za-z0-9])tg:(?://)?(?=[a-z]{1,30}\?))"
    rf"|(?P<other>{_OTHER_SCHEME})"
    rf"|(?P<email>(?<![\w.+-])[\w.+-]++@[{LATIN}_-]++(?:\.[{LATIN}_-]++)*+)"
    rf"|{_EDGE}(?P<name>{_LABEL}(?:{DOT}(?:{_LABEL}|[{HAN}]{{1,12}}+)){{1,20}}+)"
    rf"|(?<![\w@./-])(?P<han_name>[{HAN}]{{1,12}}+(?:\.(?:{_LABEL}|[{HAN}]{{1,12}}+)){{1,6}}+)(?!\w)"
    r"|(?<![\w@.\-])(?P<local>localhost)(?=:\d|/\w)",
    re.IGNORECASE | re.MULTILINE,
)
_HOST = re.compile(
    rf"(?:[^\s/?#@<>\"'{HAN}]{{1,200}}@)?"
    rf"(?P<host>\[[0-9a-f:.]{{2,45}}\]|{_ANY_LABEL}(?:{DOT}{_ANY_LABEL}){{0,20}}+)",
    re.IGNORECASE,
)
_PORT = re.compile(r":(\d{1,6})(?!\d)")
_PORT_OF_NAME = re.compile(r":(\d{2,5}(?=/)|\d{3,5}(?!\w))")
_UNBROKEN = re.compile(r"\S*+")
_COMMAND = re.compile(f"[{URL}]*+")
# Sites whose path is the address of another page.
_WRAPPERS = (
    "12ft.io",
    "archive.is",
    "archive.md",
    "archive.org",
    "archive.ph",
    "archive.today",
    "googleusercontent.com",
)


def find(text: str) -> Iterator[Found]:
    """Yield everything meant as a link, in order; the pieces never overlap."""
    text = narrowed(text)
    at = 0
    while start := _START.search(text, at):
        found = _found(text, start)
        at = found.end if found else start.end()
        if found:
            yield found


def _found(text: str, start: re.Match[str]) -> Found | None:
    """Read on from where a link seems to start; None where it is none."""
    match start.lastgroup:
        case "web":
            return _after_scheme(text, start.start(), start.end())
        case "tg":
            command = _COMMAND.match(text, start.end())
            tail = trimmed(command[0] if command else "", before="")
            return Found(start.start(), start.end() + len(tail), "tg", tail=tail)
        case "other":
            rest = _UNBROKEN.match(text, start.end())
            return Found(start.start(), rest.end() if rest else start.end(), "other")
        case "name" | "han_name":
            return _bare(text, labels_of(text, start.start(start.lastgroup), start.end()))
        case "local":
            return _at_host(text, start.start(), labels_of(text, start.start(), start.end()), _PORT_OF_NAME)
        case _:  # an e-mail address
            return None


def _after_scheme(text: str, start: int, at: int) -> Found:
    matched = _HOST.match(text, at)
    if not matched:
        return Found(start, at, "web")
    labels = labels_of(text, *matched.span("host"))
    # After a Chinese full stop, or with a capital letter, a new sentence starts.
    may_be_sentence = labels[-1].text.istitle() or any(text[label.end] in "。｡" for label in labels[:-1])
    return _at_host(text, start, up_to_ending(labels, shorter=may_be_sentence) or labels, _PORT)


def _bare(text: str, labels: list[Label]) -> Found | None:
    """Read a link that has no scheme; None where it is a word, a file, a version or a full stop."""
    if _is_numbered(text, labels):
        labels = labels[1:]
    start = labels[0].start
    if all(label.text.isdigit() for label in labels) or labels[-1].text.lower() == "local":
        found = _at_host(text, start, labels, _PORT_OF_NAME)
        return found if found.port or len(found.tail) > 1 else None
    labels = up_to_ending(labels, shorter=True)
    if not labels or text[labels[-1].end : labels[-1].end + 1] == "@":
        return None
    found = _at_host(text, start, labels, _PORT_OF_NAME)
    return found if is_meant(labels, text, found.end, tail=bool(found.tail)) else None


def _is_numbered(text: str, labels: list[Label]) -> bool:
    """Tell whether the first label is the number of a line: `1.example.com`."""
    first, second = labels[:2]
    number = len(labels) > 2 and first.text.isdigit() and len(first.text) < 3 and not second.text.isdigit()
    return number and bool(re.search(r"(?:\A|\n)\s*\Z", text[max(0, first.start - 8) : first.start]))


def _at_host(text: str, start: int, labels: list[Label], port_pattern: re.Pattern[str]) -> Found:
    """Read what follows the host: a port, and path, query and fragment."""
    host, end = host_of(labels), labels[-1].end
    if text[end : end + 1] == "." and text[end + 1 : end + 2] in {"/", ":", "?"}:
        end += 1
    port = port_pattern.match(text, end)
    if port:
        end = port.end()
    before = text[start - 1 : start] if start else ""
    tail, end = tail_at(text, end, before=before, wraps=host.lower().endswith(_WRAPPERS))
    return Found(start, end, "web", host, port[1] if port else "", tail)
