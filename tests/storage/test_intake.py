"""What a message leads to is kept together, answered once, and read by nobody but the desk."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from flows.turn import LONGEST_LINKS, turn
from flows.understanding.codes import case_code
from flows.vocabulary import (
    Added,
    Answered,
    CameBack,
    CaseStatus,
    Conversation,
    Erased,
    FieldId,
    Forgotten,
    Heard,
    Outside,
    Raised,
    StepId,
    Turn,
    Unlinked,
)
from storage import schema
from storage.cases import open_case
from storage.casetelling import Case
from storage.errors import CannotOpen, CaseDamaged, StateUnreadable
from storage.intake import Intake
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of, reply, rows

LINK = {
    "url": "https://a.example/1",
    "normalised": "a.example/1",
    "host": "a.example",
    "platform": "social_media",
}
OTHER_LINK = {**LINK, "url": "https://b.example/2", "normalised": "b.example/2", "host": "b.example"}


@pytest.fixture
def intake(instance: Instance) -> Intake:
    return intake_of(instance)


@pytest.fixture
def person(intake: Intake) -> Person:
    return Person(intake)


def opened(instance: Instance, reference: str) -> Case:
    """Open a case as a colleague does."""
    holders = instance.holders()
    colleague = instance.added("Ada", "supervisor") if "bootstrap" in holders else instance.sign_in("Ada")
    return open_case(instance.database, instance.keys, colleague, reference)


def columns(instance: Instance, *names: str) -> Any:
    with instance.database.reading() as connection:
        return connection.execute(select(*(schema.cases.c[name] for name in names))).one()


# ------------------------------------------------------------------ a conversation


def test_nobody_is_known_before_the_first_message(person: Person) -> None:
    assert person.sees() is None


def test_what_was_remembered_is_there_at_the_next_message(person: Person) -> None:
    person.begins()
    assert person.sees() == Conversation(step=StepId("age"), language="en")


def test_a_message_whose_turn_fails_leaves_nothing(person: Person, instance: Instance) -> None:
    def fail(*_: Any) -> Turn:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        person.say(fail)
    assert rows(instance.database) == {}


def test_the_same_delivery_gets_the_same_reply_and_is_turned_once(person: Person, instance: Instance) -> None:
    person.drafts()
    turns = []

    def decide(before: Conversation | None, _: Any) -> Turn:
        turns.append(before)
        return Turn(before, reply("got.text", text="Canary"))

    replies = [person.say(decide, "hello", delivery="same") for _ in range(10)]
    assert len(turns) == 1
    assert replies == [reply("got.text", text="Canary")] * 10


def test_a_delivery_is_known_until_its_time_is_over(person: Person) -> None:
    def decide(before: Conversation | None, _: Any) -> Turn:
        return Turn(Conversation(), reply(f"at.{person.now:%d}"))

    first = person.say(decide, delivery="same")
    person.waits(hours=71)
    assert person.say(decide, delivery="same") == first


def test_the_same_id_with_other_words_is_refused(person: Person) -> None:
    person.say(lambda *_: Turn(Conversation(), reply("greeting")), "hello", delivery="same")
    with pytest.raises(CannotOpen):
        person.say(lambda *_: Turn(Conversation(), reply("greeting")), "something else", delivery="same")


@pytest.mark.parametrize(
    "heard", [{"choice": "x"}, {"choices": ("x",)}, {"choices": ()}, {"kind": "picture"}]
)
def test_the_same_id_with_another_choice_is_refused(person: Person, heard: dict[str, Any]) -> None:
    person.say(lambda *_: Turn(Conversation(), reply("greeting")), delivery="same")
    with pytest.raises(CannotOpen):
        person.say(lambda *_: Turn(Conversation(), reply("greeting")), delivery="same", **heard)


def test_two_people_with_the_same_delivery_id_are_two_people(intake: Intake) -> None:
    one, other = Person(intake, "one"), Person(intake, "other")
    one.say(lambda *_: Turn(Conversation(misses=1), reply("one")), delivery="1")
    other.say(lambda *_: Turn(Conversation(misses=2), reply("other")), delivery="1")
    elsewhere = Person(intake, "one", channel="telegram")
    elsewhere.say(lambda *_: Turn(Conversation(misses=3), reply("elsewhere")), delivery="1")
    assert [p.sees() for p in (one, other, elsewhere)] == [Conversation(misses=n) for n in (1, 2, 3)]


@pytest.mark.parametrize("odd", ["", "\ud800", "\x00", "x" * 1_000_000, "​‮", "🙂" * 1000])
def test_no_address_id_or_text_is_too_odd(intake: Intake, odd: str) -> None:
    person = Person(intake, odd)
    person.say(lambda *_: Turn(Conversation(misses=1), reply("greeting")), odd, delivery=odd)
    person.say(lambda *_: Turn(Conversation(misses=2), reply("greeting")), odd, delivery=odd)
    assert person.sees() == Conversation(misses=1)


def test_a_conversation_goes_on_over_many_days(person: Person) -> None:
    person.drafts()
    for _ in range(5):
        person.waits(hours=47).answers("story", "more", "add")
    conversation = person.sees()
    assert conversation is not None
    assert len(conversation.answered) == 7


def test_fingerprints_are_the_same_within_a_conversation_and_in_no_other(intake: Intake) -> None:
    def fingerprint(person: Person) -> str:
        found: list[str] = []

        def decide(before: Conversation | None, outside: Any) -> Turn:
            found.append(outside.fingerprint("https://a.example"))
            return Turn(Conversation(), reply("greeting"))

        person.say(decide)
        return found[0]

    one, other = Person(intake, "one"), Person(intake, "other")
    first = fingerprint(one)
    assert fingerprint(one.waits(hours=23)) == first
    assert fingerprint(other) != first
    assert len(first) == 16


def test_state_that_cannot_be_read_stays_as_it_is(person: Person, instance: Instance) -> None:
    person.drafts()
    with instance.database.transaction() as connection:
        connection.execute(update(schema.conversations).values(state=b"\x01damaged"))
    before = rows(instance.database)
    with pytest.raises(StateUnreadable):
        person.begins()
    with pytest.raises(StateUnreadable):
        person.sees()
    assert rows(instance.database) == before


# ------------------------------------------------------------------ from consent to the queue


def test_nothing_may_be_sealed_before_consent(person: Person, instance: Instance) -> None:
    person.begins()
    before = rows(instance.database)
    with pytest.raises(RuntimeError, match="consent"):
        person.records(Answered(FieldId("name"), 0, "Canary"))
    assert rows(instance.database) == before


def test_a_case_that_was_submitted_is_what_was_answered(person: Person, instance: Instance) -> None:
    person.drafts().answers("background", ["threatened", "other"]).answers("content", None)
    person.answers("story", "It began in May.", "add").answers("story", "我好驚", "add")
    person.answers("links", [LINK], "add").answers("links", [OTHER_LINK], "add").submits()
    case = opened(instance, person.reference)
    assert case.fields == {
        "consent": {"version": "v1"},
        "name": "Canary Yellow",
        "background": ["threatened", "other"],
        "content": None,
        "story": "It began in May.\n我好驚",
    }
    assert [link.url for link in case.links] == [LINK["url"], OTHER_LINK["url"]]
    assert (case.priority, case.priority_reason, case.flags) == ("high", "links", ("danger",))
    assert (case.language, case.channel, case.submitted_at) == ("en", "web", NOW)


def test_an_answer_given_again_replaces_the_one_before(person: Person, instance: Instance) -> None:
    person.drafts().answers("name", "Blue").submits()
    assert opened(instance, person.reference).fields["name"] == "Blue"


def test_an_answer_kept_on_trial_can_be_forgotten_again(person: Person, instance: Instance) -> None:
    person.drafts().answers("story", "not this", "add")
    conversation = person.sees()
    assert conversation is not None
    person.records(Forgotten(2), after=conversation.but(answered=(*conversation.answered[:2], None)))
    person.answers("story", "this", "add").submits()
    assert opened(instance, person.reference).fields["story"] == "this"


def test_an_answer_given_and_forgotten_in_one_turn_was_never_there(
    person: Person, instance: Instance
) -> None:
    person.drafts()
    conversation = person.sees()
    assert conversation is not None
    person.records(
        Answered(FieldId("story"), 2, "no"),
        Forgotten(2),
        after=conversation.but(answered=(*conversation.answered, None)),
    )
    person.submits()
    assert "story" not in opened(instance, person.reference).fields


def test_a_case_that_is_not_linked_leaves_no_conversation(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=False)
    assert person.sees() is None
    assert "conversations" not in rows(instance.database)


def test_a_linked_case_can_be_added_to_and_answered_again(person: Person, instance: Instance) -> None:
    person.drafts().answers("links", [LINK], "add").submits(linked=True).waits(days=20)
    person.answers("name", "Green").answers("links", [OTHER_LINK], "add")
    person.records(Added(("messaging",))).asks_for_somebody()
    case = opened(instance, person.reference)
    assert case.fields["name"] == "Green"
    assert [link.url for link in case.links] == [LINK["url"], OTHER_LINK["url"]]
    assert case.flags == ("danger", "human")
    assert columns(instance, "raised").raised


def test_the_status_of_a_linked_case_tells_counts_alone(person: Person, instance: Instance) -> None:
    person.drafts().answers("links", [LINK, OTHER_LINK, LINK], "add").submits(linked=True)
    with instance.database.transaction() as connection:
        connection.execute(update(schema.cases).values(state="claimed"))
        for number, status in ((0, "removed"), (1, "reported")):
            row = update(schema.links).where(schema.links.c.number == number)
            connection.execute(row.values(status=status))
    statuses = []

    def decide(before: Conversation | None, outside: Any) -> Turn:
        statuses.append(outside.case_status())
        return Turn(before, reply("status"))

    person.say(decide)
    assert statuses == [CaseStatus("claimed", reported=2, removed=1, open=2)]


def test_an_address_is_kept_for_a_linked_case_alone(person: Person, instance: Instance) -> None:
    def addresses() -> list[bool]:
        with instance.database.reading() as connection:
            found = connection.scalars(select(schema.conversations.c.address)).all()
        return [address is not None for address in found]

    person.drafts()
    assert addresses() == [False]
    person.submits(linked=True)
    assert addresses() == [True]
    person.records(Unlinked(), after=None)
    assert addresses() == []


def test_who_unlinks_and_reports_again_is_somebody_new(person: Person, instance: Instance) -> None:
    person.drafts().submits(linked=True)
    first = person.reference
    person.records(Unlinked(), after=Conversation(step=StepId("age"), language="en"))
    person.consents().answers("name", "Second").submits()
    assert opened(instance, first).fields["name"] == "Canary Yellow"
    assert opened(instance, person.reference).fields["name"] == "Second"


def test_and_nothing_of_the_old_chat_opens_the_new_one(person: Person, instance: Instance) -> None:
    def kept() -> tuple[bytes, bytes, str]:
        drawn: list[str] = []

        def decide(before: Conversation | None, outside: Outside) -> Turn:
            drawn.append(outside.fingerprint("x"))
            return Turn(before, reply("a"))

        person.say(decide)
        with instance.database.reading() as connection:
            row = connection.execute(select(schema.conversations)).one()
        return row.id, row.wrapped_key, drawn[0]

    person.drafts().submits(linked=True)
    before = kept()
    person.records(Unlinked(), after=Conversation(step=StepId("age"), language="en"))
    assert not set(before) & set(kept())


def test_references_are_not_given_twice(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.codes.REFERENCE_LETTERS", "23")
    references = {Person(intake, f"{n}").drafts().submits().reference for n in range(24)}
    assert len(references) == 24
    lengths = {len(reference) for reference in references}
    assert min(lengths) == len("TD-2222") and max(lengths) > len("TD-2222")


# ------------------------------------------------------------------ coming back by code


NOBODYS_CODE = case_code("12345678901234")
BY_CODE = Conversation(step=StepId("submitted"), language="en", case="code")


def comes_back(intake: Intake, code: str, address: str = "another phone") -> Person:
    person = Person(intake, address)
    person.records(CameBack(code), after=BY_CODE, text=f"my code is {code}")
    return person


def test_a_code_leads_back_to_its_case(intake: Intake, person: Person, instance: Instance) -> None:
    person.drafts().submits()
    comes_back(intake, person.code).answers("story", "one thing more", "add").asks_for_somebody()
    case = opened(instance, person.reference)
    assert case.fields["story"] == "one thing more"
    assert "human" in case.flags


def test_a_code_of_nothing_is_met_alike_and_keeps_nothing(
    intake: Intake, person: Person, instance: Instance
) -> None:
    person.drafts().submits()
    before = rows(instance.database)
    stranger = comes_back(intake, NOBODYS_CODE).answers("story", "x", "add").asks_for_somebody()
    stranger.records(Added(("other",)))
    assert stranger.sees() is not None
    after = rows(instance.database)
    assert after["conversations"] == 1
    assert {**after, "conversations": 0, "marks": 0} == {**before, "conversations": 0, "marks": 0}


def test_after_five_tries_an_hour_the_right_code_leads_nowhere(
    intake: Intake, person: Person, instance: Instance
) -> None:
    person.drafts().submits()
    for _ in range(5):
        comes_back(intake, NOBODYS_CODE, "guesser")
    guesser = comes_back(intake, person.code, "guesser").answers("story", "no", "add")
    assert "story" not in opened(instance, person.reference).fields
    comes_back(intake, person.code, "somebody else").answers("story", "yes", "add")
    assert opened(instance, person.reference).fields["story"] == "yes"
    guesser.waits(hours=1, seconds=1)
    guesser.records(CameBack(person.code), after=BY_CODE, text=person.code)
    guesser.answers("story", "later", "set")
    assert opened(instance, person.reference).fields["story"] == "later"


def test_whoever_holds_a_code_cannot_destroy_the_case(
    intake: Intake, person: Person, instance: Instance
) -> None:
    person.drafts().submits()
    comes_back(intake, person.code).records(Erased(), after=None)
    assert opened(instance, person.reference).flags == ("danger", "erase")
    assert columns(instance, "raised").raised


def test_a_draft_is_destroyed_when_its_person_goes_on_with_another_case(
    intake: Intake, person: Person, instance: Instance
) -> None:
    person.drafts().submits()
    other = Person(intake, "other").drafts()
    other.records(CameBack(person.code), after=BY_CODE, text=person.code)
    assert rows(instance.database)["cases"] == 1


@pytest.mark.parametrize(
    ("letters", "taken"),
    [
        (1_978, 8),  # as few links as fill a message, and as long as links may be
        (61, 200),  # as many as a case may have
    ],
)
def test_the_longest_message_of_links_is_kept_whole(
    person: Person, instance: Instance, letters: int, taken: int
) -> None:
    text = "".join(f"https://{number:04}.com/" + "\u0fff" * letters + " " for number in range(taken))
    assert LONGEST_LINKS * 0.98 < len(text) <= LONGEST_LINKS
    person.drafts().records(after=Conversation(StepId("links"), "en", ("consent", "name"), case="draft"))
    heard = Heard(person.channel, person.address, "links", text=text)
    with person.intake.exchange(heard, NOW) as exchange:
        exchange.keep(turn(exchange.conversation, heard, NOW, exchange.outside))
    person.submits()
    links = opened(instance, person.reference).links
    assert len(links) == taken
    assert all(link.url in text for link in links)


def test_what_the_queue_is_sorted_by_is_signed_with_the_case(person: Person, instance: Instance) -> None:
    person.drafts().submits()
    assert opened(instance, person.reference).priority == "high"
    with instance.database.transaction() as connection:
        connection.execute(update(schema.cases).values(priority="normal"))
    with pytest.raises(CaseDamaged, match="label"):
        opened(instance, person.reference)


# ------------------------------------------------------------------ turns that contradict what is kept


def test_a_message_is_not_kept_twice(person: Person, intake: Intake) -> None:
    heard, turn = Heard("web", "a", "1"), Turn(Conversation(), reply("greeting"))
    with intake.exchange(heard, NOW) as exchange:
        exchange.keep(turn)
    with pytest.raises(RuntimeError, match="before"), intake.exchange(heard, NOW) as exchange:
        exchange.keep(turn)


@pytest.mark.parametrize("case", ["draft", "linked", "code"])
def test_a_conversation_cannot_say_it_has_a_case_that_is_not_there(person: Person, case: Any) -> None:
    with pytest.raises(RuntimeError, match="fit"):
        person.records(after=Conversation(case=case))


def test_an_answer_of_a_submitted_case_cannot_be_forgotten(person: Person) -> None:
    person.drafts().submits(linked=True)
    with pytest.raises(RuntimeError, match="manifest"):
        person.records(Forgotten(1))


def test_a_draft_that_is_no_longer_spoken_of_is_destroyed(person: Person, instance: Instance) -> None:
    person.drafts().records(after=Conversation(step=StepId("age")))
    assert "cases" not in rows(instance.database)


@pytest.mark.parametrize("hours", [0, 169])
def test_a_draft_is_kept_for_an_hour_to_a_week(instance: Instance, hours: int) -> None:
    with pytest.raises(ValueError, match="168"):
        intake_of(instance, draft_hours=hours)


def test_raising_a_draft_shows_once_it_is_submitted(person: Person, instance: Instance) -> None:
    person.drafts().records(Raised("danger")).submits()
    assert columns(instance, "raised", "state") == (True, "queued")
