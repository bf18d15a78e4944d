"""An instance with something of everything in it, written down as files that stay in the repository.

`python -m tests.storage.keeping` makes the files of the present version of the tables, where there are none yet.
They are not made anew: what they hold was written by a version that somebody runs. A form that changes keeps its
reader and gets files of its own.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp

from flows.vocabulary import Conversation, StepId, Turn
from storage import migrations
from storage.backup import write_backup
from storage.casebook import write_entry
from storage.cases import open_case
from storage.casework import claim_case
from storage.database import Database
from storage.erasing import EraseJournal
from storage.errands import Errand
from storage.factors import app_secret, confirm_app
from storage.invitations import invite_colleague
from storage.keys import KeyDirectory
from storage.letters import send_letter
from storage.linkwork import change_links
from storage.sessions import begin_session, open_session, resume_session
from storage.setup import initialise
from storage.signing_in import check_and_open
from tests.storage.building import CHEAP, PASSWORD, Instance
from tests.storage.talking import Person, intake_of, reply

FOLDER = Path(__file__).parent / "kept"
BACKUP_PASSWORD = "eleven paper umbrellas"
STORY = "He has my pictures. 我好驚。"
LINK = {
    "url": "https://pics.example/1",
    "normalised": "pics.example/1",
    "host": "pics.example",
    "platform": "other",
}
SAID = "We have your report. 我哋收到喇。"
ERRAND = Errand("cloud.send", letter={"address": "85200000000", "content": {"type": "text"}})
ERASED = bytes(range(16))


@dataclass(frozen=True)
class Kept:
    """What the files tell beside the database.

    Attributes:
        at: when all of it was written, UTC.
        told: the secrets that people have: on paper, in a browser, in an app.
    """

    instance: Instance
    at: datetime
    told: dict[str, str]
    journal: Path
    backup: Path


def load(file: Path, home: Path) -> Kept:
    """Put an instance that was kept into a folder.

    Args:
        file: the `.json` of it; the rows stand beside it, in `.sql`.
    """
    about = json.loads(file.read_text("utf-8"))
    keys = home / "keys"
    keys.mkdir(mode=0o700)
    for name, content in about["keys"].items():
        (keys / name).write_text(content + "\n")
        (keys / name).chmod(0o600)
    database = home / "tada.sqlite3"
    sqlite3.connect(database).executescript(file.with_suffix(".sql").read_text("utf-8")).connection.close()
    (home / "erased").write_text(about["erased"])
    (home / "copy").write_bytes(b64decode(about["backup"]))
    opened = Database.open(f"sqlite:///{database}")
    migrations.upgrade(opened.engine)
    instance = Instance(opened, KeyDirectory(keys), about["told"]["recovery_key"])
    at = datetime.fromisoformat(about["at"])
    return Kept(instance, at, about["told"], home / "erased", home / "copy")


def make(home: Path, file: Path) -> None:
    """Make an instance in `home`, with something of everything, and write it down."""
    url, now = f"sqlite:///{home}/tada.sqlite3", datetime.now(UTC).replace(microsecond=0)
    made = initialise(home, url)
    assert made.recovery_key_text is not None
    instance = Instance(Database.open(url), KeyDirectory(home / "keys"), made.recovery_key_text)
    instance.add("Mei", "supervisor")
    staff_id, private = check_and_open(instance.database, "Mei", PASSWORD, CHEAP)
    with instance.database.transaction() as connection:
        begun = begin_session(connection, staff_id, private, "enrolling", now)
    enrolling = resume_session(instance.database, begun, now)
    secret = app_secret(enrolling)
    before = now - timedelta(minutes=5)  # so that the code of `now` is still to be used
    codes = confirm_app(instance.database, enrolling, pyotp.TOTP(secret).at(before), before)
    session = resume_session(instance.database, open_session(instance.database, enrolling, now), now)
    mei = session.caseworker
    _, link = invite_colleague(instance.database, instance.keys, "Jo", "intake", mei)

    intake = intake_of(instance)
    linked = Person(intake, "linked", "telegram", now).begins().consents()
    linked.answers("story", STORY).answers("links", [LINK], "add").submits(linked=True)
    linked.records(after=Conversation(step=StepId("submitted"), language="en", case="linked"))
    linked.asks_for_somebody()
    claim_case(instance.database, mei, linked.reference)
    write_entry(instance.database, mei, linked.reference, "note", "she was calm")
    change_links(instance.database, mei, linked.reference, [0], "reported")
    send_letter(instance.database, mei, linked.reference, SAID, now=now)
    Person(intake, "draft", "web", now).drafts()
    Person(intake, "new", "web", now).say(
        lambda *_: Turn(Conversation(step=StepId("age"), language="en"), reply("greeting")), "hi", "once"
    )
    intake.run_later([ERRAND], now)
    EraseJournal(home / "erased").note(ERASED)
    open_case(instance.database, instance.keys, mei, linked.reference)
    write_backup(instance.database, home / "copy", BACKUP_PASSWORD, CHEAP)
    told = {
        "recovery_key": instance.recovery_key,
        "session": session.secret.hex(),
        "app": secret,
        "recovery_code": codes[0],
        "link": link,
        "reference": linked.reference,
        "code": linked.code,
    }
    _write(file, instance, {"at": now.isoformat(), "told": told}, home)


def _write(file: Path, instance: Instance, about: dict[str, Any], home: Path) -> None:
    instance.database.close()
    keys = {each.name: each.read_text("ascii").strip() for each in sorted(instance.keys.path.iterdir())}
    rest = {
        "keys": keys,
        "erased": (home / "erased").read_text("ascii"),
        "backup": b64encode((home / "copy").read_bytes()).decode(),
    }
    file.write_text(json.dumps(about | rest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    source = sqlite3.connect(home / "tada.sqlite3")
    file.with_suffix(".sql").write_text("\n".join(source.iterdump()) + "\n", "utf-8")
    source.close()


if __name__ == "__main__":
    target = FOLDER / f"{migrations.head()}.json"
    assert not target.exists(), f"{target} is there, and stays as it is"
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "home", target)
