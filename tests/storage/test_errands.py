"""Errands wait in their queue: taken once, tried again, done, or given up; a letter dies with its day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from flows.vocabulary import Heard, Turn
from storage.database import Database
from storage.days import day_of
from storage.epochs import Epoch, Epochs
from storage.errand_queue import (
    DEAD_KEPT,
    HELD,
    LATE,
    OFTEN,
    PATIENCE,
    PAUSES,
    ErrandQueue,
    Opened,
    Taken,
    Waiting,
    _due,
)
from storage.errands import KEPT, LANE_BYTES, LETTER_KEPT, Errand, rows_of
from storage.retention import oldest_epoch, purge
from storage.schema import later_work
from storage.writing import write_errands
from tests.storage.building import NOW, Instance
from tests.storage.talking import intake_of, reply

DELETE = Errand("twilio.delete", "SM" + "0" * 32)
LETTER = Errand("cloud.send", letter={"to": "canary-address", "text": "canary-text 再見"})
SECOND = timedelta(seconds=1)


@pytest.fixture
def queue(instance: Instance) -> ErrandQueue:
    return ErrandQueue(instance.database, instance.keys)


def keep(instance: Instance, *errands: Errand, now: datetime = NOW) -> None:
    rows = rows_of(errands, Epochs(instance.keys).living(now)[0], now)
    with instance.database.transaction() as connection:
        write_errands(connection, rows)


def stored(database: Database) -> list[dict[str, object]]:
    with database.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(later_work.select())]


def took(queue: ErrandQueue, kind: str = DELETE.kind, now: datetime = NOW) -> Taken:
    (taken,) = queue.take(kind, 10, now)
    return taken


def test_an_errand_is_taken_once_opened_and_gone_when_it_is_done(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, DELETE, LETTER)
    assert queue.due(["telegram.send", "cloud.send", "twilio.delete"], NOW) == ["cloud.send", "twilio.delete"]

    deletion, letter = took(queue), took(queue, "cloud.send")
    assert queue.due(["cloud.send", "twilio.delete"], NOW) == []
    assert queue.opened(deletion, NOW) == Opened("twilio.delete", "SM" + "0" * 32, {})
    assert queue.opened(letter, NOW) == Opened("cloud.send", "", LETTER.letter or {})
    queue.done(deletion)
    queue.done(letter)

    assert queue.opened(letter, NOW) is None
    assert stored(instance.database) == []


def test_a_letter_is_sealed_where_it_lies(instance: Instance) -> None:
    keep(instance, LETTER)
    assert "canary" not in repr(stored(instance.database))
    assert "canary" not in repr(LETTER)


def test_an_errand_waits_for_its_time_and_no_kind_is_taken_for_another(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, Errand("twilio.delete", "SM", after=timedelta(seconds=30)))
    assert queue.take("twilio.delete", 10, NOW + 29 * SECOND) == []
    assert queue.take("twilio.look", 10, NOW + 30 * SECOND) == []
    assert len(queue.take("twilio.delete", 10, NOW + 30 * SECOND)) == 1


def test_the_oldest_come_first_and_no_more_than_asked_for(instance: Instance, queue: ErrandQueue) -> None:
    for second in (3, 1, 2):
        keep(instance, Errand("twilio.delete", f"SM{second}"), now=NOW + second * SECOND)
    now = NOW + 10 * SECOND
    opened = [queue.opened(taken, now) for taken in queue.take("twilio.delete", 2, now)]
    assert sorted(errand.subject for errand in opened if errand) == ["SM1", "SM2"]


def test_several_takers_never_get_the_same(instance: Instance, open_database: Callable[[], Database]) -> None:
    keep(instance, *[Errand("twilio.delete", f"SM{n}") for n in range(60)])
    queues = [ErrandQueue(open_database(), instance.keys) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        taken = [
            errand.id
            for batch in pool.map(lambda n: queues[n % 3].take("twilio.delete", 7, NOW), range(30))
            for errand in batch
        ]
    assert len(taken) == len(set(taken)) == 60


def test_who_is_overtaken_can_change_nothing_but_may_have_done_it(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, DELETE)
    first = took(queue)
    assert queue.take(DELETE.kind, 10, NOW + HELD - SECOND) == []
    later = NOW + HELD
    second = took(queue, now=later)
    assert (first.attempt, second.attempt) == (1, 2)

    assert queue.opened(first, later) is None
    queue.again(first, "late", SECOND, later)
    queue.give_up(first, "late", later)
    assert queue.opened(second, later) is not None
    queue.done(first)
    assert stored(instance.database) == []


@pytest.mark.parametrize("attempt", range(1, 8))
def test_what_fails_is_tried_again_after_growing_pauses(
    instance: Instance, queue: ErrandQueue, attempt: int
) -> None:
    keep(instance, DELETE)
    now = NOW
    for _ in range(attempt):
        taken = took(queue, now=now)
        queue.again(taken, "500", None, now)
        pause = PAUSES[min(taken.attempt, len(PAUSES)) - 1]
        assert queue.take(DELETE.kind, 1, now + 0.8 * pause - SECOND) == []
        now += 1.2 * pause
    assert taken.attempt == attempt


def test_the_time_a_provider_asks_for_is_kept_to_the_second(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, DELETE)
    queue.again(took(queue), "429", timedelta(seconds=77), NOW)
    assert queue.take(DELETE.kind, 1, NOW + 76 * SECOND) == []
    assert took(queue, now=NOW + 77 * SECOND).attempt == 2


@pytest.mark.parametrize("after", [timedelta(seconds=-5), timedelta(0)])
def test_an_absurd_wish_of_a_provider_is_at_once(
    instance: Instance, queue: ErrandQueue, after: timedelta
) -> None:
    keep(instance, DELETE)
    queue.again(took(queue), "429", after, NOW)
    assert took(queue).attempt == 2


def test_what_would_be_tried_after_its_time_is_a_dead_letter_at_once(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, LETTER)
    queue.again(took(queue, LETTER.kind), "429", timedelta.max, NOW)
    assert queue.waiting(NOW) == {"cloud.send": Waiting(dead={"429": 1})}


def test_a_dead_letter_holds_nothing_but_its_kind_and_why(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, LETTER, DELETE)
    queue.give_up(took(queue), "20404", NOW)
    queue.give_up(took(queue, LETTER.kind), "no such window: +85290000000", NOW)

    for row in stored(instance.database):
        assert (row["subject"], row["sealed"], row["epoch"]) == (None, None, None)
    assert queue.waiting(NOW) == {
        "cloud.send": Waiting(dead={"other": 1}),
        "twilio.delete": Waiting(dead={"20404": 1}),
    }
    assert queue.due([DELETE.kind, LETTER.kind], NOW + DEAD_KEPT) == []
    purge(instance.database, instance.keys, NOW + DEAD_KEPT - SECOND)
    assert len(stored(instance.database)) == 2
    purge(instance.database, instance.keys, NOW + DEAD_KEPT)
    assert stored(instance.database) == []


def test_what_was_never_done_in_its_time_is_not_run_and_becomes_a_dead_letter(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, DELETE, LETTER)
    taken = took(queue, LETTER.kind)
    assert queue.expire(NOW + LETTER_KEPT - SECOND) == 0
    assert queue.opened(taken, NOW + LETTER_KEPT) is None
    assert queue.take(LETTER.kind, 10, NOW + LETTER_KEPT) == []

    assert queue.expire(NOW + LETTER_KEPT) == 1
    assert queue.expire(NOW + KEPT) == 1
    assert [waiting.dead for waiting in queue.waiting(NOW + KEPT).values()] == [{"too_late": 1}] * 2


def test_overdue_errands_and_those_that_fail_for_long_are_late(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, DELETE)
    for _ in range(OFTEN):
        assert queue.waiting(NOW) == {DELETE.kind: Waiting(1)}
        queue.again(took(queue), "500", timedelta(0), NOW)
    assert queue.waiting(NOW) == {DELETE.kind: Waiting(1, late={"500": 1})}

    keep(instance, LETTER)
    assert queue.waiting(NOW + LATE - SECOND)[LETTER.kind] == Waiting(1)
    assert queue.waiting(NOW + LATE)[LETTER.kind] == Waiting(1, late={"untried": 1})


def test_what_is_put_off_for_an_hour_after_a_failure_is_late(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, DELETE, Errand("twilio.look", after=timedelta(hours=2)))
    queue.again(took(queue), "20003", timedelta(hours=1), NOW)
    assert queue.waiting(NOW) == {DELETE.kind: Waiting(1, late={"20003": 1}), "twilio.look": Waiting(1)}


def test_a_letter_whose_key_is_gone_is_given_up(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, LETTER)
    taken = took(queue, LETTER.kind)
    instance.keys.destroy_epochs_before(day_of(NOW) + 1)
    assert queue.opened(taken, NOW) is None
    assert queue.waiting(NOW)["cloud.send"].dead == {"key_gone": 1}


def test_a_letter_does_not_open_in_the_place_of_another(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, LETTER, Errand("cloud.other", letter={"to": "somebody else"}))
    sealed = {str(row["kind"]): row["sealed"] for row in stored(instance.database)}
    with instance.database.transaction() as connection:
        here = later_work.c.kind == "cloud.send"
        connection.execute(later_work.update().where(here).values(sealed=sealed["cloud.other"]))
    assert queue.opened(took(queue, "cloud.send"), NOW) is None
    assert queue.waiting(NOW)["cloud.send"].dead == {"letter_unreadable": 1}


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)),  # noqa: DTZ001
    st.integers(1, 168),
    st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_the_key_of_a_letter_lives_until_its_time_is_over(
    moment: datetime, draft_hours: int, kept: timedelta
) -> None:
    now = moment.replace(tzinfo=NOW.tzinfo)
    epoch = Epoch.of(day_of(now), b"k" * 32)
    (row,) = rows_of([Errand("cloud.send", letter={}, kept=kept)], epoch, now)
    last = datetime.fromtimestamp(row["erase_at"] - 1, NOW.tzinfo)
    assert row["epoch"] >= oldest_epoch(last, draft_hours)


def test_errands_without_letter_need_no_key_for_as_long_as_they_wait(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, DELETE)
    late = NOW + timedelta(days=13)
    purge(instance.database, instance.keys, late)
    assert queue.opened(took(queue, now=late), late) is not None


def by_key(plan: Iterable[str]) -> bool:
    text = "\n".join(plan)
    return "ix_later_work_kind" in text and "SCAN" not in text and "Seq Scan" not in text


def test_what_is_due_is_found_by_key(instance: Instance) -> None:
    keep(instance, DELETE, REPLY)
    explain = "EXPLAIN QUERY PLAN " if instance.database.dialect == "sqlite" else "EXPLAIN "
    due = select(later_work.c.id).where(_due("k", NOW)).order_by(later_work.c.due_at).limit(3)
    sql = due.compile(instance.database.engine, compile_kwargs={"literal_binds": True})
    with instance.database.glancing() as connection:
        assert by_key(str(row[-1]) for row in connection.exec_driver_sql(f"{explain}{sql}"))


# ------------------------------------------------------------------ what is sent to one person

REPLY = Errand("cloud.send", letter={"text": "a reply"}, to="HK.1")


def to_send(queue: ErrandQueue, now: datetime = NOW, kind: str = REPLY.kind) -> list[Taken]:
    return queue.take(kind, 10, now)


def test_what_is_sent_to_one_person_is_taken_one_after_another_in_its_order(
    instance: Instance, queue: ErrandQueue
) -> None:
    for n in range(20):
        keep(instance, replace(REPLY, letter={"text": n}))
    sent = []
    while taken := to_send(queue):
        (one,) = taken
        assert to_send(queue) == []
        opened = queue.opened(one, NOW)
        assert opened is not None
        sent.append(opened.letter["text"])
        queue.done(one)
    assert sent == list(range(20))


def test_nobody_waits_for_what_is_sent_to_somebody_else(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, *[replace(REPLY, to=f"HK.{n}") for n in range(5)])
    assert len(to_send(queue)) == 5


def test_the_next_reply_waits_for_the_later_parts_of_the_one_before_also_of_another_kind(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, REPLY, replace(REPLY, kind="cloud.send_part", after=6 * SECOND))
    keep(instance, REPLY)
    queue.done(*to_send(queue))
    assert to_send(queue) == []
    queue.done(*to_send(queue, NOW + 6 * SECOND, "cloud.send_part"))
    assert len(to_send(queue, NOW + 6 * SECOND)) == 1


def test_one_that_fails_for_minutes_no_longer_holds_back_the_others(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, REPLY)
    keep(instance, REPLY)
    for _ in range(PATIENCE + 1):
        (first,) = to_send(queue)
        queue.again(first, "131000", timedelta(0), NOW)
    (once_more,) = to_send(queue)
    queue.again(once_more, "131000", timedelta(minutes=10), NOW)
    assert len(to_send(queue)) == 1


def test_what_was_put_off_is_tried_once_more_before_the_next_to_the_same_person(
    instance: Instance, queue: ErrandQueue
) -> None:
    keep(instance, REPLY, replace(REPLY, to="HK.2"))
    keep(instance, REPLY)
    for attempt in range(PATIENCE + 1):
        taken = to_send(queue)
        assert len(taken) == (2 if attempt == 0 else 1)
        first = min(taken, key=lambda each: each.id) if attempt else lowest(instance, taken)
        queue.again(first, "131000", timedelta(minutes=10) if attempt == PATIENCE else timedelta(0), NOW)
    (next_one,) = to_send(queue)
    (before,) = queue.before(next_one, NOW)
    assert (before.id, before.attempt) == (first.id, PATIENCE + 2)
    assert queue.before(next_one, NOW) == []  # it is in hand
    queue.done(before)
    assert queue.opened(next_one, NOW) is not None


def lowest(instance: Instance, taken: list[Taken]) -> Taken:
    """Of those taken the one of whoever is sent two."""
    lanes = [bytes(row["id"])[:LANE_BYTES] for row in stored(instance.database)]  # type: ignore[call-overload]
    (found,) = (each for each in taken if lanes.count(each.id[:LANE_BYTES]) == 2)
    return found


def test_nobody_overtakes_what_is_in_hand_for_the_fourth_time(instance: Instance, queue: ErrandQueue) -> None:
    keep(instance, REPLY)
    keep(instance, REPLY)
    for _ in range(PATIENCE):
        (once_more,) = to_send(queue)
        queue.again(once_more, "131000", timedelta(0), NOW)
    assert len(to_send(queue)) == 1
    assert to_send(queue) == []


MIDNIGHT = datetime(2026, 11, 23, tzinfo=NOW.tzinfo)


def test_the_order_holds_over_midnight_for_as_long_as_something_waits(
    instance: Instance, queue: ErrandQueue
) -> None:
    intake, late = intake_of(instance), MIDNIGHT + timedelta(hours=20)
    moments = [MIDNIGHT - SECOND, MIDNIGHT + SECOND, MIDNIGHT + SECOND, MIDNIGHT + 2 * SECOND, late]
    for n, moment in enumerate(moments[:3]):
        intake.run_later([replace(REPLY, letter={"n": n})], moment)
    for n, moment in enumerate(moments[3:], 3):
        heard = Heard("whatsapp", "HK.1", f"{n}", text="hi", can_be_reached=True)
        waits: list[bool] = []

        def causes(_: object, more: bool, n: int = n, waits: list[bool] = waits) -> list[Errand]:
            waits.append(more)
            return [replace(REPLY, letter={"n": n})]

        intake.take(heard, moment, lambda *_: Turn(None, reply("greeting")), causes)
        # Nobody waits for a worker that is away.
        assert set(waits) == {moment != late}
    assert len({bytes(row["id"])[:LANE_BYTES] for row in stored(instance.database)}) == 1  # type: ignore[call-overload]
    sent = []
    while taken := to_send(queue, late):
        (one,) = taken
        opened = queue.opened(one, late)
        assert opened is not None
        sent.append(opened.letter["n"])
        queue.done(one)
    assert sent == [0, 1, 2, 3, 4]


def test_once_everything_was_sent_another_day_has_another_lane(
    instance: Instance, queue: ErrandQueue
) -> None:
    intake = intake_of(instance)
    intake.run_later([REPLY], MIDNIGHT - SECOND)
    (before,) = to_send(queue, MIDNIGHT)
    queue.give_up(before, "131026", MIDNIGHT)
    intake.run_later([REPLY], MIDNIGHT)
    (after,) = to_send(queue, MIDNIGHT)
    assert before.id[:LANE_BYTES] != after.id[:LANE_BYTES]


@pytest.mark.parametrize("end", ["given up", "over"])
def test_one_that_never_goes_out_holds_back_nobody(instance: Instance, queue: ErrandQueue, end: str) -> None:
    keep(instance, replace(REPLY, kept=5 * SECOND))
    keep(instance, REPLY)
    if end == "given up":
        (first,) = to_send(queue)
        queue.give_up(first, "131026", NOW)
    assert len(to_send(queue, NOW + 6 * SECOND)) == 1


def test_no_row_shows_whom_something_is_sent_to(instance: Instance) -> None:
    keep(instance, REPLY)
    (row,) = stored(instance.database)
    assert "HK.1" not in repr(row)
    other = Epoch.of(day_of(NOW) + 1, b"k" * 32)
    assert rows_of([REPLY], other, NOW)[0]["id"][:LANE_BYTES] != bytes(row["id"])[:LANE_BYTES]  # type: ignore[call-overload]
