"""Whatever database an organisation chooses, the same conversation becomes the same case."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.vocabulary import Added, CameBack, Conversation, Raised, StepId
from storage.cases import open_case
from storage.database import Database
from storage.keys import KeyDirectory
from storage.retention import purge
from storage.setup import initialise
from tests.storage.building import Instance
from tests.storage.talking import Person, intake_of

LINK = {"url": "https://x.example/1", "normalised": "x.example/1", "host": "x.example", "platform": "other"}


def _case_of(url: str, home: Path) -> dict[str, Any]:
    """Have one long conversation, with purges in between, and open what became of it."""
    made = initialise(home, url)
    assert made.recovery_key_text is not None
    database = Database.open(url)
    instance = Instance(database, KeyDirectory(home / "keys"), made.recovery_key_text)
    intake = intake_of(instance)
    person = Person(intake).drafts().waits(hours=50)
    purge(database, instance.keys, person.now)
    person.answers("story", "一\n第二行", "add").answers("name", None).answers("links", [LINK], "add")
    person.waits(hours=71, minutes=59).submits(linked=True).waits(days=9)
    purge(database, instance.keys, person.now)
    person.answers("story", "later", "add").answers("links", [LINK], "add")
    person.records(Added(("other", "messaging")), Raised("human"))
    other = Person(intake, "another phone", now=person.now)
    by_code = Conversation(step=StepId("submitted"), language="en", case="code")
    other.records(CameBack(person.code), after=by_code, text=person.code)
    other.answers("story", "by code", "add").waits(hours=1).answers("name", "New Name")
    purge(database, instance.keys, other.now + timedelta(days=1))
    case = open_case(database, instance.keys, instance.added("Ada", "supervisor"), person.reference)
    database.close()
    return {**case.as_json(), "reference": None, "opened": None}


def test_one_conversation_becomes_the_same_case_on_both_databases(
    sqlite_url: str, postgresql_url: str, tmp_path: Path
) -> None:
    on_sqlite = _case_of(sqlite_url, tmp_path / "one")
    assert on_sqlite == _case_of(postgresql_url, tmp_path / "other")
    assert on_sqlite["fields"] == {
        "consent": {"version": "v1"},
        "name": "New Name",
        "story": "一\n第二行\nlater\nby code",
    }
    assert len(on_sqlite["links"]) == 2
