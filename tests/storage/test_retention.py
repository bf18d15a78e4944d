"""Each thing is kept until its deadline and not a second longer, and nothing goes before its time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from flows.vocabulary import CameBack, Conversation, Heard, StepId, Turn
from storage import audit, schema
from storage.days import day_of
from storage.intake import Intake
from storage.retention import (
    SCRUBBING_KEPT,
    Purged,
    SaneClock,
    oldest_epoch,
    purge,
    rewrap_linked,
)
from storage.sealing import new_id
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of, reply, rows

SECOND = timedelta(seconds=1)


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


@pytest.fixture
def person(intake: Intake) -> Person:
    return Person(intake)


def purged_at(instance: Instance, now: datetime, draft_hours: int = 72) -> Purged:
    return purge(instance.database, instance.keys, now, draft_hours)


# ------------------------------------------------------------------ to the second


def test_before_consent_24_hours(person: Person, instance: Instance) -> None:
    person.begins()
    deadline = NOW + timedelta(hours=24)
    assert purged_at(instance, deadline - SECOND) == Purged()
    assert Person(person.intake, now=deadline - SECOND).sees() is not None
    assert Person(person.intake, now=deadline).sees() is None
    assert purged_at(instance, deadline).conversations == 1
    assert set(rows(instance.database)) == {"marks"}


@pytest.mark.parametrize("hours", [1, 72, 168])
def test_a_draft_as_long_as_the_operator_chose(instance: Instance, hours: int) -> None:
    person = Person(intake_of(instance, draft_hours=hours)).drafts()
    deadline = NOW + timedelta(hours=hours)
    assert purged_at(instance, deadline - SECOND, hours).drafts == 0
    assert Person(person.intake, now=deadline - SECOND).sees() is not None
    assert Person(person.intake, now=deadline).sees() is None
    assert purged_at(instance, deadline, hours).drafts == 1
    assert set(rows(instance.database)) <= {"marks"}


def test_each_message_of_a_draft_begins_its_time_anew(person: Person, instance: Instance) -> None:
    person.drafts().waits(hours=71).answers("story", "more", "add")
    assert purged_at(instance, NOW + timedelta(hours=72)).drafts == 0
    assert purged_at(instance, NOW + timedelta(hours=71 + 72)).drafts == 1


def test_a_draft_whose_time_is_over_is_not_gone_on_with(person: Person, instance: Instance) -> None:
    person.drafts().waits(hours=72)
    assert person.sees() is None
    found = []

    def decide(before: Conversation | None, _: object) -> Turn:
        found.append(before)
        return Turn(Conversation(misses=1), reply("greeting"))

    person.say(decide)
    assert found == [None]
    assert person.sees() == Conversation(misses=1)
    assert purged_at(instance, person.now).drafts == 1
    assert person.sees() == Conversation(misses=1)


def test_a_draft_over_within_its_first_day_gives_way_to_a_new_one(instance: Instance) -> None:
    person = Person(intake_of(instance, draft_hours=1)).drafts()
    person.waits(hours=2).drafts()
    assert person.sees() is not None
    assert rows(instance.database)["cases"] == 2
    assert purged_at(instance, person.now, 1).drafts == 1


def test_a_session_by_code_24_hours(person: Person, instance: Instance) -> None:
    person.drafts().submits()
    person.records(
        CameBack(person.code),
        after=Conversation(step=StepId("submitted"), language="en", case="code"),
        text=person.code,
    )
    deadline = NOW + timedelta(hours=24)
    assert purged_at(instance, deadline - SECOND).conversations == 0
    assert purged_at(instance, deadline) == Purged(conversations=1)
    assert rows(instance.database)["cases"] == 1


def test_marks_72_hours(person: Person, instance: Instance) -> None:
    person.say(lambda *_: Turn(None, reply("end.declined")))
    deadline = NOW + timedelta(hours=72)
    assert purged_at(instance, deadline - SECOND).marks == 0
    assert purged_at(instance, deadline).marks == 1
    assert rows(instance.database) == {}


def test_a_closed_case_until_its_deadline_and_every_row_of_it(person: Person, instance: Instance) -> None:
    person.drafts().answers("links", [{"url": "u", "platform": "other"}], "add").submits()
    deadline = int((NOW + timedelta(days=90)).timestamp())
    with instance.database.transaction() as connection:
        connection.execute(update(schema.cases).values(state="closed", erase_at=deadline))
    at = datetime.fromtimestamp(deadline, UTC)
    assert purged_at(instance, at - SECOND).cases == 0
    assert rows(instance.database).keys() == {"cases", "answers", "manifests", "links", "receipts"}
    assert purged_at(instance, at).cases == 1
    assert rows(instance.database) == {}


def test_the_log_12_months_and_what_is_left_of_it_is_whole(instance: Instance) -> None:
    logged = datetime.now(UTC)  # the keys were made just now
    assert purged_at(instance, logged + timedelta(days=365)).log_entries == 0
    assert purged_at(instance, logged + timedelta(days=367)).log_entries >= 1
    with instance.database.reading() as connection:
        assert [entry.event for entry in audit.entries(connection)] == ["entries_removed"]
        assert audit.first_broken(connection) is None


def test_a_queued_case_has_no_deadline(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True)
    assert purged_at(instance, NOW + timedelta(days=1000)).cases == 0
    assert rows(instance.database)["cases"] == 1
    person.waits(days=1000)
    assert person.sees() is not None


def test_a_chat_is_unlinked_when_its_case_is_closed(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True)
    with instance.database.transaction() as connection:
        connection.execute(update(schema.cases).values(state="closed", erase_at=2**40))
    assert purged_at(instance, NOW).conversations == 1
    assert person.sees() is None
    assert rows(instance.database)["cases"] == 1


def test_work_that_could_not_be_done_is_given_up(instance: Instance) -> None:
    with instance.database.transaction() as connection:
        row = {"id": new_id(), "kind": "not known any more", "due_at": int(NOW.timestamp())}
        connection.execute(insert(schema.later_work), row)
    assert purged_at(instance, NOW + SCRUBBING_KEPT - SECOND).later_work == 0
    assert purged_at(instance, NOW + SCRUBBING_KEPT).later_work == 1


def test_a_draft_that_nothing_leads_to_is_destroyed(person: Person, instance: Instance) -> None:
    person.drafts()
    with instance.database.transaction() as connection:
        connection.execute(schema.conversations.delete())
    assert purged_at(instance, NOW).drafts == 1
    assert set(rows(instance.database)) == {"marks"}


def test_more_than_a_batch_is_purged_at_once(
    intake: Intake, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.retention.BATCH", 2)
    for n in range(5):
        Person(intake, f"begun {n}").begins()
        Person(intake, f"draft {n}").drafts()
    purged = purged_at(instance, NOW + timedelta(hours=73))
    assert (purged.conversations, purged.drafts, purged.marks) == (5, 5, 20)
    assert rows(instance.database) == {}


# ------------------------------------------------------------------ epoch keys


def test_the_key_of_a_day_lives_for_96_hours_and_no_longer(person: Person, instance: Instance) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    person.now = midnight + timedelta(hours=23, minutes=59, seconds=59)
    person.drafts()
    gone = midnight + timedelta(hours=96)
    assert purged_at(instance, gone - 2 * SECOND) == Purged()
    assert instance.keys.epoch(day_of(midnight)) is not None
    assert Person(person.intake, now=gone - 2 * SECOND).sees() is not None
    assert purged_at(instance, gone).epochs == 1
    assert instance.keys.epoch(day_of(midnight)) is None


@pytest.mark.parametrize(("hours", "days"), [(1, 1), (24, 1), (25, 2), (48, 2), (72, 3), (168, 7)])
def test_keys_live_until_the_last_draft_of_their_day_is_over(hours: int, days: int) -> None:
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    assert oldest_epoch(midnight, hours) == day_of(midnight) - days


def test_a_linked_chat_outlives_the_keys_of_its_days(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True)
    for _ in range(20):
        person.waits(hours=24)
        purged_at(instance, person.now)
    assert day_of(NOW) not in instance.keys.living_epochs()
    assert person.sees() is not None
    person.answers("name", "still here")


def test_what_is_locked_under_today_is_not_locked_again(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True)
    later = NOW + timedelta(days=1)
    assert rewrap_linked(instance.database, instance.keys, NOW) == 0
    assert rewrap_linked(instance.database, instance.keys, later) == 1
    assert rewrap_linked(instance.database, instance.keys, later) == 0


def test_one_damaged_chat_does_not_keep_the_others_from_being_locked_again(
    intake: Intake, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.retention.BATCH", 2)
    people = [Person(intake, f"{n}").drafts().submits(linked=True) for n in range(5)]
    with instance.database.transaction() as connection:
        damaged = connection.scalars(select(schema.conversations.c.id).limit(1)).one()
        row = update(schema.conversations).where(schema.conversations.c.id == damaged)
        connection.execute(row.values(wrapped_key=b"\x01damaged"))
    assert rewrap_linked(instance.database, instance.keys, NOW + timedelta(days=1)) == 4
    assert len(people) == 5


def test_an_old_backup_with_the_keys_of_today_opens_no_draft(person: Person, instance: Instance) -> None:
    person.drafts()
    with instance.database.reading() as connection:
        backup = dict(connection.execute(select(schema.conversations)).mappings().one())
    purged_at(instance, NOW + timedelta(hours=100))
    with instance.database.transaction() as connection:
        connection.execute(insert(schema.conversations), {**backup, "case_id": None, "erase_at": 2**40})
    assert person.sees() is None


# ------------------------------------------------------------------ the clock


class Hands:
    """A wall clock and one that only counts, both moved by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = NOW, 1000.0

    def clock(self) -> SaneClock:
        return SaneClock(lambda: self.wall, lambda: self.steady)

    def go_on(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


def test_a_clock_is_relied_on_after_five_steady_minutes() -> None:
    hands = Hands()
    clock = hands.clock()
    assert clock.now() is None
    hands.go_on(299)
    assert clock.now() is None
    hands.go_on(1)
    assert clock.now() == hands.wall


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400), timedelta(minutes=2)])
def test_a_clock_that_jumped_is_not_relied_on_for_five_minutes(jump: timedelta) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.go_on(1000)
    assert clock.now() is not None
    hands.wall += jump
    assert clock.now() is None
    hands.go_on(299)
    assert clock.now() is None
    hands.go_on(1)
    assert clock.now() == hands.wall


def test_a_clock_that_is_a_little_off_is_relied_on() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.go_on(1000)
    hands.wall += timedelta(seconds=30)
    assert clock.now() == hands.wall


# ------------------------------------------------------------------ while people write


def test_a_draft_that_somebody_is_writing_to_is_passed_over(person: Person, instance: Instance) -> None:
    person.drafts()
    heard = Heard(person.channel, person.address, "late")
    deadline = NOW + timedelta(hours=72)
    with ThreadPoolExecutor(1) as pool, person.intake.exchange(heard, deadline - SECOND) as exchange:
        assert exchange.conversation is not None
        exchange.keep(Turn(exchange.conversation, reply("just in time")))
        # SQLite lets the purge wait for this message, PostgreSQL lets it pass over the conversation.
        purged = pool.submit(purged_at, instance, deadline)
        if instance.database.dialect == "postgresql":
            assert purged.result().drafts == 0
    assert purged.result().drafts == 0
    assert Person(person.intake, now=NOW + timedelta(hours=100)).sees() is not None
