"""Printing what is stored: JSON and tables that a terminal shows and does not obey."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import click

# Signs that move the cursor, turn the direction of writing, or that no terminal can be sent at all.
_UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def print_json(value: Any) -> None:
    """Print a value as JSON, with every sign escaped that a terminal might obey."""
    print_text(json.dumps(value, ensure_ascii=False, indent=2))


def print_text(text: str) -> None:
    """Print a text, with every sign but the line break escaped that a terminal might obey."""
    click.echo(_UNSAFE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads, each column as wide as its widest cell."""
    table = [list(heads), *([_plain(cell) for cell in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo("  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _plain(cell: object) -> str:
    return "" if cell is None else "".join(sign if sign.isprintable() else "?" for sign in str(cell))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
