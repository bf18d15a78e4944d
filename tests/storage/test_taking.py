"""A message is worked out before its transaction, and again where somebody wrote in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table

from flows.vocabulary import (
    Answered,
    Consented,
    Conversation,
    FieldId,
    Heard,
    Outside,
    Raised,
    Reply,
    StepId,
    Turn,
)
from storage.database import Database
from storage.errands import Errand
from storage.errors import CannotOpen
from storage.intake import Intake
from storage.schema import answers, cases, later_work
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of, reply, rows

Decide = Callable[[Conversation | None, Outside], Turn]


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


def heard(delivery: str, text: str = "hello") -> Heard:
    return Heard("web", "an address", delivery, text=text)


def counting(seen: list[int], answer: Reply) -> Decide:
    """Decides on one more miss, and notes how many there were."""

    def decide(conversation: Conversation | None, _: Outside) -> Turn:
        before = conversation or Conversation()
        seen.append(before.misses)
        return Turn(before.but(step=StepId("age"), misses=before.misses + 1), answer)

    return decide


def test_a_message_overtaken_by_another_is_decided_again_and_neither_is_lost(intake: Intake) -> None:
    seen: list[int] = []
    count = counting(seen, reply("a"))
    intake.take(heard("first"), NOW, count)

    def decide(conversation: Conversation | None, outside: Outside) -> Turn:
        if len(seen) == 1:
            # Another process takes a message of the same person meanwhile.
            with intake.exchange(heard("second"), NOW) as exchange:
                exchange.keep(count(exchange.conversation, exchange.outside))
        return count(conversation, outside)

    intake.take(heard("third"), NOW, decide)
    assert seen == [0, 1, 1, 2]
    remembered = intake.peek("web", "an address", NOW)
    assert remembered is not None
    assert remembered.misses == 3


def test_the_first_message_of_somebody_taken_twice_at_once_is_kept_once(intake: Intake) -> None:
    seen: list[int] = []
    count = counting(seen, reply("a"))

    def decide(conversation: Conversation | None, outside: Outside) -> Turn:
        if not seen:
            with intake.exchange(heard("same"), NOW) as exchange:
                exchange.keep(count(exchange.conversation, exchange.outside))
        return count(conversation, outside)

    answer = intake.take(heard("same"), NOW, decide)
    assert answer == reply("a")
    remembered = intake.peek("web", "an address", NOW)
    assert remembered is not None
    assert remembered.misses == 1


def test_what_a_turn_raises_is_raised_and_nothing_is_kept(intake: Intake) -> None:
    def decide(_: Conversation | None, __: Outside) -> Turn:
        raise LookupError

    with pytest.raises(LookupError):
        intake.take(heard("first"), NOW, decide)
    assert intake.peek("web", "an address", NOW) is None


def test_a_turn_that_begins_a_case_is_decided_once(intake: Intake) -> None:
    intake.take(heard("first"), NOW, counting([], reply("a")))
    decided: list[str] = []

    def consent(conversation: Conversation | None, _: Outside) -> Turn:
        assert conversation is not None
        decided.append("consent")
        return Turn(conversation.but(case="draft"), reply("b"), (Consented("1", "en"),))

    assert intake.take(heard("second"), NOW, consent) == reply("b")
    remembered = intake.peek("web", "an address", NOW)
    assert remembered is not None
    assert remembered.case == "draft"
    assert decided == ["consent"]


def test_the_same_delivery_gets_its_reply_and_other_words_under_its_id_do_not(intake: Intake) -> None:
    seen: list[int] = []
    intake.take(heard("first"), NOW, counting(seen, reply("a")))
    assert intake.take(heard("first"), NOW, counting(seen, reply("b"))) == reply("a")
    with pytest.raises(CannotOpen):
        intake.take(heard("first", "something else"), NOW, counting(seen, reply("b")))
    assert seen == [0]


def stored(database: Database, table: Table) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(table.select()))


@pytest.mark.parametrize("between", [1, 0])
def test_an_answer_given_while_another_message_came_is_kept_once(
    intake: Intake, instance: Instance, between: int
) -> None:
    person = Person(intake).begins().consents()
    seen: list[int] = []

    def decide(before: Conversation | None, _: Outside) -> Turn:
        assert before is not None
        if not seen:
            person.answers("story", "in between") if between else person.records()
        seen.append(len(before.answered))
        record = Answered(FieldId("name"), len(before.answered), "A")
        return Turn(before.but(answered=(*before.answered, record.field)), reply("a"), (record,))

    intake.take(heard("third"), NOW, decide)
    assert seen == [1, 1 + between]
    assert [row.sequence for row in stored(instance.database, answers)] == list(range(2 + between))


@pytest.mark.parametrize("begun", [False, True])
def test_what_a_message_causes_is_kept_with_it_or_not_at_all(
    intake: Intake, instance: Instance, begun: bool
) -> None:
    if begun:
        Person(intake).begins()
    waits = [Errand("twilio.delete", "SM1"), Errand("twilio.send", letter={"text": "x"}, to="an address")]

    def causes(_: Reply, waits_already: bool) -> list[Errand]:
        return waits

    def none_of_it(_: Reply, waits_already: bool) -> list[Errand]:
        raise LookupError

    with pytest.raises(LookupError):
        intake.take(heard("first"), NOW, counting([], reply("a")), none_of_it)
    assert stored(instance.database, later_work) == []
    for _ in range(2):  # delivered twice
        intake.take(heard("first"), NOW, counting([], reply("a")), causes)
    assert sorted(row.kind for row in stored(instance.database, later_work)) == [
        "twilio.delete",
        "twilio.send",
    ]


@pytest.mark.parametrize("hours", [72, 71])
def test_a_draft_is_not_gone_on_with_from_its_last_second_on(
    intake: Intake, instance: Instance, hours: int
) -> None:
    Person(intake).drafts()
    seen: list[int] = []
    at = NOW + timedelta(hours=hours, seconds=0 if hours == 72 else 3599)
    intake.take(heard("later"), at, counting(seen, reply("a")))
    remembered = intake.peek("web", "an address", at)
    assert remembered is not None
    assert (remembered.answered == ()) == (hours == 72)


@pytest.mark.parametrize("many", [0, 1, 8, 9, 40])
def test_a_turn_of_many_answers_is_kept_whole(instance: Instance, intake: Intake, many: int) -> None:
    person = Person(intake).drafts()
    kept = rows(instance.database)["answers"]
    person.records(*(Answered(FieldId("background"), 2 + n, {"text": "x"}) for n in range(many)))
    assert rows(instance.database)["answers"] == kept + many
    assert person.sees() is not None


def test_a_case_can_be_raised_by_the_message_it_begins_with(instance: Instance, intake: Intake) -> None:
    def decide(before: Conversation | None, _: Outside) -> Turn:
        after = (before or Conversation()).but(case="draft", answered=(FieldId("consent"),))
        records = Consented("v1", "en"), Raised("human"), Answered(FieldId("consent"), 0, {"version": "v1"})
        return Turn(after, reply("got.consent"), records)

    Person(intake).begins().say(decide, "yes, and somebody please")
    assert [(row.state, row.raised) for row in stored(instance.database, cases)] == [("draft", True)]
