"""What a version stored that somebody runs opens as it did: every key, context and form, by each way there is.

A change that writes and reads differently passes every other test, and locks everybody out of what they have.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from flows.vocabulary import CameBack, Conversation, StepId, Turn
from storage import audit, rotation
from storage.backup import restore_backup
from storage.cases import open_case
from storage.database import Database
from storage.erasing import EraseJournal
from storage.errand_queue import ErrandQueue
from storage.factors import check_app, use_recovery_code
from storage.invitations import accept_new
from storage.keys import KeyDirectory
from storage.outbox import Outbox
from storage.recovery import RecoveryKey
from storage.sessions import resume_session
from storage.staffing import recover
from tests.storage.building import CHEAP
from tests.storage.keeping import (
    BACKUP_PASSWORD,
    ERASED,
    ERRAND,
    FOLDER,
    LINK,
    SAID,
    STORY,
    Kept,
    load,
)
from tests.storage.talking import Person, intake_of, reply

FILES = sorted(FOLDER.glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    """An instance as one of the versions wrote it."""
    found = load(request.param, tmp_path)
    yield found
    found.instance.database.close()


def test_something_is_kept() -> None:
    assert FILES


def test_a_colleague_signs_in_and_reads_a_case_with_all_that_was_written_into_it(kept: Kept) -> None:
    instance = kept.instance
    case = open_case(instance.database, instance.keys, instance.sign_in("Mei"), kept.told["reference"])
    assert case.fields == {"consent": {"version": "v1"}, "story": STORY}
    assert [(link.url, link.status) for link in case.links] == [(LINK["url"], "reported")]
    assert case.flags == ("danger", "human")
    assert [entry.text for entry in case.entries if entry.text] == ["she was calm", SAID]
    with instance.database.reading() as connection:
        assert audit.first_broken(connection) is None
        noted = [entry for entry in audit.entries(connection) if entry.event == "case_opened"]
        assert len({entry.subject for entry in noted}) == 1
    assert len(noted) == 2


def test_a_sign_in_goes_on_and_the_second_factors_and_one_time_links_are_good(kept: Kept) -> None:
    database, secret = kept.instance.database, bytes.fromhex(kept.told["session"])
    session = resume_session(database, secret, kept.at)
    assert (session.name, session.caseworker.desk_keys) == ("Mei", kept.instance.desk_keys)
    check_app(database, session, pyotp.TOTP(kept.told["app"]).at(kept.at), kept.at)
    assert use_recovery_code(database, session, kept.told["recovery_code"], kept.at) == 9
    enrolling = accept_new(database, kept.told["link"], "nine quiet lanterns drifting", kept.at, CHEAP)
    assert resume_session(database, enrolling, kept.at).name == "Jo"


def test_who_was_talking_goes_on_where_they_were(kept: Kept) -> None:
    intake = intake_of(kept.instance)
    draft = Person(intake, "draft", "web", kept.at)
    before = draft.sees()
    assert before is not None
    assert before.answered == ("consent", "name")
    draft.answers("story", STORY).submits()
    mei = kept.instance.sign_in("Mei")
    case = open_case(kept.instance.database, kept.instance.keys, mei, draft.reference)
    assert case.fields == {"consent": {"version": "v1"}, "name": "Canary Yellow", "story": STORY}


def test_a_message_that_comes_again_gets_its_reply(kept: Kept) -> None:
    def decide(*_: object) -> Turn:
        raise AssertionError("it was taken before")

    assert Person(intake_of(kept.instance), "new", "web", kept.at).say(decide, "hi", "once") == reply(
        "greeting"
    )


def test_what_a_colleague_said_reaches_the_chat_and_whoever_has_the_case_code(kept: Kept) -> None:
    outbox = Outbox(kept.instance.database, kept.instance.keys)
    (letter,) = outbox.waiting("telegram", "linked", kept.at)
    addressed = outbox.addressed(letter.id, kept.at)
    assert addressed is not None
    assert (letter.text, addressed.address) == (SAID, "linked")

    came_back = Conversation(step=StepId("submitted"), language="en", case="code")
    back = Person(intake_of(kept.instance), "elsewhere", "web", kept.at).begins()
    back.records(CameBack(kept.told["code"]), after=came_back, text=kept.told["code"])
    assert [each.text for each in outbox.waiting("web", "elsewhere", kept.at)] == [SAID]


def test_what_is_to_be_done_at_a_provider_is_still_known(kept: Kept) -> None:
    queue = ErrandQueue(kept.instance.database, kept.instance.keys)
    (taken,) = queue.take(ERRAND.kind, 10, kept.at)
    opened = queue.opened(taken, kept.at)
    assert opened is not None
    assert opened.letter == ERRAND.letter


def test_the_recovery_key_opens_everything_and_the_desk_key_can_be_rotated(kept: Kept) -> None:
    database, keys = kept.instance.database, kept.instance.keys
    recover(database, keys, kept.told["recovery_key"], "Mei", "nine quiet lanterns drifting", CHEAP)
    by = RecoveryKey.from_text(kept.told["recovery_key"])
    assert rotation.begin(database, keys, by) == 2
    assert [progress.left for progress in rotation.reseal(database, keys, by)] == [0]


def test_a_backup_comes_back_and_the_journal_knows_what_was_erased(kept: Kept, tmp_path: Path) -> None:
    assert EraseJournal(kept.journal).among([ERASED, bytes(16)]) == [ERASED]
    empty = Database.open(f"sqlite:///{tmp_path}/empty.sqlite3")
    keys = KeyDirectory(kept.instance.keys.path)
    assert restore_backup(empty, keys, kept.backup, BACKUP_PASSWORD).rows["cases"] == 2
    empty.close()
