"""Reads the tables of real-life cases that stand beside the tests."""

from __future__ import annotations

import csv
from pathlib import Path


def rows(name: str) -> list[tuple[str, ...]]:
    """Return the rows of `name`.csv: what is expected, and last what was typed (`\\n` is a line break)."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [(*expected, typed.replace("\\n", "\n")) for *expected, typed in list(csv.reader(file))[1:]]


def table(name: str) -> list[tuple[str, str]]:
    """Return the rows of a table of two columns."""
    return [(expected, typed) for expected, typed in rows(name)]
