"""Messages that come at once are taken one after another, and each of them once."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from flows.vocabulary import Answered, Conversation, FieldId, Outside, Turn
from storage import schema
from storage.cases import open_case
from storage.database import Database
from storage.intake import Intake
from tests.storage.building import Instance
from tests.storage.talking import Person, intake_of, reply, rows
from tests.storage.test_intake import comes_back

Everywhere = Callable[[Callable[[int], None], int], None]


def _in_threads(do: Callable[[int], None], times: int) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(do, range(times)))


def _in_processes(do: Callable[[int], None], times: int) -> None:
    """In four forked processes, as the workers of a web server are."""
    children = []
    for child_number in range(4):
        child = os.fork()
        if child == 0:
            try:
                for number in range(child_number, times, 4):
                    do(number)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4


@pytest.fixture(params=[_in_threads, _in_processes], ids=["threads", "processes"])
def everywhere(request: pytest.FixtureRequest) -> Everywhere:
    """Does something many times at once: in threads, and in processes."""
    do: Everywhere = request.param
    return do


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


def _count_up(before: Conversation | None, _: Outside) -> Turn:
    """Remember one more; wrong as soon as two messages see the same conversation."""
    conversation = before or Conversation()
    return Turn(conversation.but(misses=conversation.misses + 1), reply("x"), counts=("heard",))


def counted(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {row.name: row.n for row in connection.execute(select(schema.counts))}


def test_64_messages_of_one_conversation(intake: Intake, instance: Instance, everywhere: Everywhere) -> None:
    person = Person(intake)
    everywhere(lambda number: _say(person, number), 64)
    assert person.sees() == Conversation(misses=64)
    assert counted(instance.database) == {"heard": 64}
    assert rows(instance.database) == {"conversations": 1, "marks": 64}


def _say(person: Person, number: int) -> None:
    person.say(_count_up, f"{number}", delivery=f"{number}")


def test_the_same_message_ten_times(intake: Intake, instance: Instance, everywhere: Everywhere) -> None:
    person = Person(intake).drafts()

    def answer(before: Conversation | None, _: Outside) -> Turn:
        assert before is not None
        record = Answered(FieldId("story"), len(before.answered), "once", "add")
        conversation = before.but(answered=(*before.answered, record.field))
        return Turn(conversation, reply("got.story", text="once"), (record,), ("heard",))

    def again(_: int) -> None:
        assert person.say(answer, "once", delivery="same") == reply("got.story", text="once")

    everywhere(again, 10)
    person.submits()
    case = open_case(instance.database, instance.keys, instance.added("Ada", "supervisor"), person.reference)
    assert case.fields["story"] == "once"
    assert counted(instance.database)["heard"] == 1


def test_the_first_message_ever_ten_times(intake: Intake, instance: Instance, everywhere: Everywhere) -> None:
    everywhere(lambda _: _say(Person(intake), 1), 10)
    assert rows(instance.database) == {"conversations": 1, "marks": 1}
    assert counted(instance.database) == {"heard": 1}


def test_first_messages_of_many_people(intake: Intake, instance: Instance, everywhere: Everywhere) -> None:
    everywhere(lambda number: _say(Person(intake, f"{number}"), number), 40)
    assert rows(instance.database) == {"conversations": 40, "marks": 40}
    assert counted(instance.database) == {"heard": 40}


def test_many_cases_submitted_at_once_have_a_reference_and_a_code_each(
    intake: Intake, instance: Instance, everywhere: Everywhere
) -> None:
    people = [Person(intake, f"{number}").drafts() for number in range(16)]

    def submit(number: int) -> None:
        people[number].submits()

    everywhere(submit, 16)
    found = rows(instance.database)
    assert (found["cases"], found["receipts"]) == (16, 16)


def test_a_linked_chat_and_its_code_write_to_one_case_at_once(
    intake: Intake, instance: Instance, everywhere: Everywhere
) -> None:
    linked = Person(intake).drafts().submits(linked=True)
    by_code = [comes_back(intake, linked.code, f"phone {n}") for n in range(3)]
    everywhere(lambda n: _add(([linked, *by_code])[n % 4], n), 24)
    case = open_case(instance.database, instance.keys, instance.added("Ada", "supervisor"), linked.reference)
    assert sorted(case.fields["story"].split(), key=int) == [f"{n}" for n in range(24)]


def _add(person: Person, number: int) -> None:
    person.answers("story", f"{number}", "add")
