"""Payloads taken apart: each field left out, each filled with what nobody expects, each byte changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

Form = list[tuple[str, str]]
Path = tuple[str | int, ...]

HOSTILE: dict[str, str] = {
    "XML": "</Message><Redirect>https://evil.example/</Redirect>]]>&bogus;<!--",
    "control characters": "\x00\x01\x08\x0b\x1b[31m\x7f\x85",
    "half of a pair": "\ud800 lone \udfff",
    "marks of direction": "\u202ertl\u2066marks\u200f\u2069",
    "sixty thousand characters": "a" * 60_000,  # more than that is refused unread
    "format marks": "%s %(x)d {0} {reference} ${HOME} *bold* _it_ ~no~ ```mono```",
    "a formula": '=HYPERLINK("https://evil.example/","x")',
    "NUL": "\x00",
    "nothing": "",
    "blanks": " \t\n\u3000\u200b",
    "emoji": "👩‍👩‍👧‍👦" * 500,
    "a number": "-9999999999999999999999999",
    "a path": "../../../../etc/passwd",
    "SQL": "' OR 1=1; --",
}
"""By name, so that a failure says which."""

NOT_A_STRING: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**30, [], {}, [[]], {"a": None}, "x")
"""What may stand in a JSON field of any type."""


def form(fields: Form) -> bytes:
    """Write a form as a browser or Twilio does."""
    return urlencode(fields, errors="surrogatepass").encode()


def fields_of(body: bytes) -> Form:
    """Read a form again, empty fields too."""
    return parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)


def meaning(body: bytes, content_type: str) -> Any:
    """What a body says, however it is written; the bytes themselves where it says nothing."""
    try:
        return json.loads(body) if content_type == JSON else fields_of(body)
    except ValueError:
        return body


def left_out(body: bytes, content_type: str) -> Iterator[tuple[str, bytes]]:
    """The payload without one of its fields, each in turn."""
    if content_type == FORM:
        fields = fields_of(body)
        for place, (name, _) in enumerate(fields):
            yield name, form(fields[:place] + fields[place + 1 :])
        return
    for path in paths(json.loads(body)):
        copy = json.loads(body)
        del _parent(copy, path)[path[-1]]
        yield _written(path), json.dumps(copy).encode()


def filled(body: bytes, content_type: str, value: str) -> Iterator[tuple[str, bytes]]:
    """The payload with each field that holds a text holding this one instead, each in turn."""
    if content_type == FORM:
        fields = fields_of(body)
        for place, (name, _) in enumerate(fields):
            yield name, form([*fields[:place], (name, value), *fields[place + 1 :]])
        return
    for path in paths(json.loads(body)):
        copy = json.loads(body)
        if isinstance(_parent(copy, path)[path[-1]], str):
            _parent(copy, path)[path[-1]] = value
            yield _written(path), json.dumps(copy).encode()


def retyped(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON with each of its values being of each other type, each in turn."""
    for path in paths(json.loads(body)):
        for value in NOT_A_STRING:
            copy = json.loads(body)
            _parent(copy, path)[path[-1]] = value
            yield f"{_written(path)} = {value!r}", json.dumps(copy).encode()


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Where each value of a JSON stands, outermost first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inner:
        yield (*above, key)
        yield from paths(below, (*above, key))


def changed(body: bytes) -> Iterator[bytes]:
    """The body with one of its bytes changed, each in turn."""
    for place in range(len(body)):
        yield body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def _parent(value: Any, path: Path) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


def _written(path: Path) -> str:
    return ".".join(map(str, path))
