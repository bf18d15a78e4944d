"""Changing a fact from the desk: into a file of its own, over what the operator wrote, whole or not at all.

The file is read by every process that says anything (`locales.living`), so it is replaced in one step and only
by what can be used. Whoever may write the database cannot change a number in the chat with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from flows.vocabulary import LANGUAGES, Language
from locales.facts import Fact, Facts, FactsError, load_facts, read_tables
from locales.words import Words

LONGEST = 300
"""Characters of a text."""

_HEAD = "# Written by the desk. It counts more than facts.toml; what the desk may change stands there.\n"


class FactChanged(Exception):
    """Somebody changed the fact meanwhile: what was looked at is not what would be confirmed."""


def seen_of(fact: Fact) -> str:
    """Return what stands for the words of a fact as somebody saw them."""
    said = json.dumps([[name, *fact.texts[name].values()] for name in sorted(fact.texts)])
    return sha256(said.encode()).hexdigest()[:32]


def with_texts(files: Sequence[Path], fact_id: str, texts: Mapping[str, Mapping[Language, str]]) -> Facts:
    """Return all facts as they would be with these words; nothing is written.

    Args:
        files: as for `load_facts`; the last one is the desk's.
        texts: by placeholder, such as `helpline_hours`, and language.
    Raises:
        FactsError: they cannot be used.
    """
    with _candidate(files, _texts_of(fact_id, texts)) as new:
        return load_facts(*files[:-1], new)


def change_fact(
    files: Sequence[Path], fact_id: str, texts: Mapping[str, Mapping[Language, str]], seen: str
) -> None:
    """Change the words of a fact. It then counts as checked by nobody.

    Raises:
        FactsError: they cannot be used, or there is no such fact.
        FactChanged: they were changed since they were `seen`.
    """
    _write(
        files,
        fact_id,
        seen,
        lambda: {**_texts_of(fact_id, texts)[fact_id], "verified": False, "checked_by": ""},
    )


def confirm_fact(files: Sequence[Path], fact_id: str, seen: str, today: date, name: str) -> None:
    """Note that somebody dialled the number or opened the address today and found it right. Raises: as `change_fact`."""
    _write(files, fact_id, seen, lambda: {"checked": today, "verified": True, "checked_by": name})


def messages_with(names: Sequence[str], known: frozenset[str], facts: Facts) -> list[str]:
    """Return the ids of the texts that mention one of these placeholders."""
    bare = Words(Facts({id_: _bare(fact, names) for id_, fact in facts.by_id.items()}))
    return sorted(
        id_ for id_ in known if any("\ue000" in bare.sample(language, id_) for language in LANGUAGES)
    )


# ------------------------------------------------------------------ inside


def _bare(fact: Fact, names: Sequence[str]) -> Fact:
    marked = dict.fromkeys(LANGUAGES, "\ue000")
    texts = {name: marked if name in names else says for name, says in fact.texts.items()}
    return Fact(fact.id, texts, fact.checked, fact.verified, fact.source)


def _texts_of(fact_id: str, texts: Mapping[str, Mapping[Language, str]]) -> dict[str, dict[str, Any]]:
    table: dict[str, Any] = {}
    for name, says in texts.items():
        key = "text" if name == fact_id else name.removeprefix(f"{fact_id}_")
        told = {language: says[language].strip() for language in LANGUAGES}
        for text in told.values():
            if not text or len(text) > LONGEST or not text.isprintable() or set("{}") & set(text):
                raise FactsError(
                    f"[{fact_id}] {key} must be one line of 1 to {LONGEST} characters, without braces"
                )
        table[key] = told["en"] if len(set(told.values())) == 1 else told
    return {fact_id: table}


def _write(files: Sequence[Path], fact_id: str, seen: str, changes: Callable[[], dict[str, Any]]) -> None:
    with _alone(files[-1].parent):
        fact = load_facts(*files).by_id.get(fact_id)
        if fact is None:
            raise FactsError(f"[{fact_id}] is not a fact we know")
        if seen_of(fact) != seen:
            raise FactChanged
        with _candidate(files, {fact_id: changes()}) as new:
            load_facts(*files[:-1], new)
            new.rename(files[-1])


@contextmanager
def _candidate(files: Sequence[Path], changes: Mapping[str, Mapping[str, Any]]) -> Iterator[Path]:
    """Give a file beside the desk's with these changes, removed again unless it was renamed."""
    tables = read_tables(files[-1]) if files[-1].exists() else {}
    for id_, table in changes.items():
        tables[id_] = {**tables.get(id_, {}), **table}
    descriptor, name = tempfile.mkstemp(prefix=".organisation.", dir=files[-1].parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_HEAD + "".join(_as_toml(id_, table) for id_, table in tables.items()))
            file.flush()
            os.fsync(file.fileno())
        yield new
    finally:
        new.unlink(missing_ok=True)


def _as_toml(id_: str, table: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join(["", f"[{id_}]", *lines, ""])


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case dict():
            return "{ " + ", ".join(f"{key} = {_value(text)}" for key, text in value.items()) + " }"
    # A string of JSON is one of TOML, but for the one control character that JSON allows.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
