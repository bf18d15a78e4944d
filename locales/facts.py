"""The facts an organisation owns: numbers, addresses, hours, times, each with the day it was last checked.

Ours stand in `facts.toml`, and say there how to write them; an organisation's own file is merged over them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flows.vocabulary import LANGUAGES, Language

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""The one way in which a text, here or in a catalogue, says where something is filled in."""

GOOD_FOR = timedelta(days=90)
"""How long a fact may be relied on after a person checked it."""

_OURS = Path(__file__).parent / "facts.toml"
_ABOUT = ("checked", "checked_by", "verified", "source")
_TEXTS = ("text", "name", "url", "hours", "languages", "contact")


class FactsError(Exception):
    """A facts file cannot be used. The message names the file, the fact and the key, for the operator."""


@dataclass(frozen=True)
class Fact:
    """One thing to be checked by a person, and what it says in each language.

    Attributes:
        id: the name of its table.
        texts: what it says, by placeholder and language; placeholders of other facts are filled in.
        checked: the day a person last checked it.
        verified: whether they dialled the number or opened the address, and found it right.
        source: where it comes from.
        checked_by: the name of who checked it at the desk; empty where that stands nowhere.
    """

    id: str
    texts: Mapping[str, Mapping[Language, str]]
    checked: date
    verified: bool
    source: str
    checked_by: str = ""


@dataclass(frozen=True)
class Facts:
    """All facts, by id."""

    by_id: Mapping[str, Fact]

    def placeholders(self, language: Language) -> dict[str, str]:
        """Return what each placeholder is filled with in a text of that language."""
        return {name: says[language] for fact in self.by_id.values() for name, says in fact.texts.items()}

    def stale(self, today: date) -> list[Fact]:
        """Return the facts nobody may rely on: never verified, checked over 90 days ago, or not yet."""
        return [
            fact
            for fact in self.by_id.values()
            if not fact.verified or not timedelta(0) <= today - fact.checked <= GOOD_FOR
        ]


def load_facts(*own: Path | None) -> Facts:
    """Return our facts with those of the organisation merged over them, key by key.

    A fact whose words the organisation replaces counts as unverified until the same file says otherwise.

    Args:
        own: the organisation's files, each over those before; one that does not exist is the same as None.
    Raises:
        FactsError: a file cannot be read or is malformed; names the file, the fact and the key.
    """
    tables = read_tables(_OURS)
    _check_all(tables, _OURS)
    there = [file for file in own if file is not None and file.exists()]
    for file in there:
        for id_, changes in read_tables(file).items():
            if id_ not in tables:
                raise FactsError(f"{file}: [{id_}] is not a fact we know; these are: {', '.join(tables)}")
            if not isinstance(changes, dict):
                raise FactsError(f"{file}: {id_} must be a table, [{id_}]")
            unproven = {"verified": False} if changes.keys() & set(_TEXTS) else {}
            tables[id_] = tables[id_] | unproven | changes
        _check_all(tables, file)
    return _resolve(tables, (_OURS, *there)[-1])


def read_tables(file: Path) -> dict[str, Any]:
    """Return the tables of a file, unchecked. Raises: `FactsError`."""
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FactsError(f"{file}: cannot be read: {type(error).__name__}") from error
    except tomllib.TOMLDecodeError as error:
        raise FactsError(f"{file}: is not TOML: {error}") from error


def _check_all(tables: dict[str, Any], file: Path) -> None:
    for id_, table in tables.items():
        for key, value in table.items():
            problem = _problem(key, value)
            if problem:
                raise FactsError(f"{file}: [{id_}] {key} {problem}")
        for key in ("checked", "verified", "source"):
            if key not in table:
                raise FactsError(f"{file}: [{id_}] {key} is missing")


def _problem(key: str, value: Any) -> str | None:
    """Return what is wrong with one value, or None."""
    if key == "checked":
        right = isinstance(value, date) and not isinstance(value, datetime)
        return None if right else "must be a date, such as 2026-11-22"
    if key == "verified":
        return None if isinstance(value, bool) else "must be true or false"
    if key == "checked_by":
        return None if isinstance(value, str) else "must be a text"
    if key == "source":
        return None if isinstance(value, str) and value.strip() else "must be a text"
    if key not in _TEXTS:
        return f"is not a key we know; these are: {', '.join((*_TEXTS, *_ABOUT))}"
    if isinstance(value, dict):
        if set(value) != set(LANGUAGES):
            return f"must have exactly {' and '.join(LANGUAGES)}"
        texts = list(value.values())
    else:
        texts = [value]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "must be a text, or one in each language"
    if any(set("{}") & set(PLACEHOLDER.sub("", text)) for text in texts):
        return "has a brace that belongs to no placeholder"
    return None


def _resolve(tables: dict[str, Any], file: Path) -> Facts:
    """Fill in what facts quote of each other, and freeze them."""
    said: dict[str, Mapping[Language, str]] = {}
    owner: dict[str, str] = {}
    for id_, table in tables.items():
        for key in _TEXTS:
            if key in table:
                name = id_ if key == "text" else f"{id_}_{key}"
                value = table[key]
                said[name] = value if isinstance(value, dict) else dict.fromkeys(LANGUAGES, value)
                owner[name] = id_

    def fill(name: str, language: Language) -> str:
        def quoted(match: re.Match[str]) -> str:
            text = said[match[1]][language] if match[1] in said else None
            if text is None or PLACEHOLDER.search(text):
                raise FactsError(f"{file}: [{owner[name]}] quotes {match[0]}, which is no plain fact")
            return text

        return PLACEHOLDER.sub(quoted, said[name][language])

    facts: dict[str, Fact] = {}
    for id_, table in tables.items():
        texts = {
            name: MappingProxyType({language: fill(name, language) for language in LANGUAGES})
            for name in said
            if owner[name] == id_
        }
        facts[id_] = Fact(
            id_,
            MappingProxyType(texts),
            table["checked"],
            table["verified"],
            table["source"],
            table.get("checked_by", ""),
        )
    return Facts(MappingProxyType(facts))
