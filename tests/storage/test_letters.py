"""What a colleague says reaches the person's own chat or code, and opens nowhere else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from flows.vocabulary import CameBack, Conversation, Outside, StepId, Turn
from storage.cases import open_case
from storage.casework import claim_case, close_case
from storage.errors import CannotOpen, CannotReach, CaseClosed, NotYours
from storage.exchange import Means
from storage.letters import LETTER_KEPT, end_talk, send_letter, talks_since, ways_to
from storage.outbox import DELIVER, TALK_KEPT, ChatEnded, Outbox
from storage.retention import purge
from storage.schema import later_work, letters
from storage.sealing import open_letter, seal_letter
from storage.staff import Caseworker
from tests.storage.building import BuiltCase, Instance
from tests.storage.talking import NOW, Decide, Person, intake_of, reply

SAID = "canary-said-by-a-colleague 你好"


@pytest.fixture
def outbox(instance: Instance) -> Outbox:
    return Outbox(instance.database, instance.keys)


@pytest.fixture
def person(instance: Instance) -> Person:
    """Somebody who stays reachable in the chat of a provider."""
    return Person(intake_of(instance), channel="telegram").drafts().submits(linked=True)


def states(instance: Instance) -> list[tuple[str, str, bool]]:
    """How far each letter is, and whether anything is left of it."""
    with instance.database.reading() as connection:
        rows = connection.execute(select(letters).order_by(letters.c.entry, letters.c.reader))
        return [(row.reader, row.state, bool(row.sealed)) for row in rows]


def codes_of(intake: object) -> Means:
    means: Means = intake._means  # type: ignore[attr-defined]
    return means


def test_a_letter_waits_for_the_chat_and_is_read_there_as_it_was_written(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    assert ways_to(instance.database, mei, person.reference) == {"chat", "code"}
    first = send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    send_letter(instance.database, mei, person.reference, "and more", now=NOW)
    waiting = outbox.waiting("telegram", "an address", NOW)
    assert [letter.text for letter in waiting] == [SAID, "and more"]
    assert waiting[0].at == first.at
    assert outbox.waiting("telegram", "another", NOW) == []
    assert outbox.waiting("web", "an address", NOW) == []


def test_it_is_still_read_when_the_keys_of_its_day_are_gone(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW, kept=timedelta(days=14))
    later = NOW + timedelta(days=10)
    for day in range(11):
        purge(instance.database, instance.keys, NOW + timedelta(days=day))
    assert [letter.text for letter in outbox.waiting("telegram", "an address", later)] == [SAID]


def test_a_letter_goes_out_once_and_is_emptied_and_how_far_it_came_stands_in_the_case(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    with instance.database.reading() as connection:
        errand = connection.execute(select(later_work).where(later_work.c.kind == DELIVER)).one()
    letter_id = bytes.fromhex(errand.subject.decode())
    assert (errand.sealed, errand.epoch) == (None, None)
    addressed = outbox.addressed(letter_id, NOW)
    assert addressed is not None
    assert (addressed.channel, addressed.address) == ("telegram", "an address")
    assert (addressed.letter.text, SAID in repr(addressed)) == (SAID, False)

    def delivery() -> str | None:
        case = open_case(instance.database, instance.keys, mei, person.reference)
        assert case.entries[-1].text == SAID
        return case.entries[-1].delivery

    assert delivery() == "waiting"
    outbox.mark([letter_id], "sent", NOW)
    assert delivery() == "sent"
    assert outbox.addressed(letter_id, NOW) is None
    assert states(instance) == [("chat", "sent", False), ("code", "waiting", True)]
    outbox.mark([letter_id], "delivered", NOW)
    assert delivery() == "delivered"
    # What arrived in the chat is not said again to whoever comes by the code.
    assert states(instance) == [("chat", "delivered", False), ("code", "delivered", False)]
    outbox.mark([letter_id], "failed", NOW)
    assert delivery() == "delivered"


def test_by_code_it_opens_for_whoever_has_the_code(
    instance: Instance, mei: Caseworker, outbox: Outbox
) -> None:
    intake = intake_of(instance)
    person = Person(intake).drafts().submits()
    assert ways_to(instance.database, mei, person.reference) == {"code"}
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    keys = codes_of(intake).codes.keys_of(person.code)
    assert keys is not None
    assert [letter.text for letter in outbox.by_code(keys)] == [SAID]
    nobodys = codes_of(intake).codes.keys_of("0000000000000000")
    assert nobodys is not None
    assert outbox.by_code(nobodys) == []
    with instance.database.reading() as connection:
        assert connection.execute(select(later_work).where(later_work.c.kind == DELIVER)).all() == []


def test_whoever_left_no_way_back_cannot_be_reached_and_nothing_is_kept(
    instance: Instance, mei: Caseworker
) -> None:
    built = BuiltCase(instance).submit([])
    with pytest.raises(CannotReach):
        send_letter(instance.database, mei, built.reference, SAID)
    assert open_case(instance.database, instance.keys, mei, built.reference).entries == ()


def test_only_whoever_has_the_case_writes_and_not_when_it_is_closed(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    jo = instance.added("Jo", "intake", mei)
    with pytest.raises(NotYours):
        send_letter(instance.database, jo, person.reference, SAID)
    claim_case(instance.database, jo, person.reference)
    send_letter(instance.database, jo, person.reference, SAID)
    close_case(instance.database, jo, person.reference, 90)
    with pytest.raises(CaseClosed):
        send_letter(instance.database, jo, person.reference, SAID)


def test_answering_counts_as_attending_to_a_wish_for_somebody(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    person.asks_for_somebody()
    assert open_case(instance.database, instance.keys, mei, person.reference).raised
    send_letter(instance.database, mei, person.reference, SAID)
    assert not open_case(instance.database, instance.keys, mei, person.reference).raised


def test_what_no_chat_fetched_in_time_is_emptied_and_told_as_failed(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    assert purge(instance.database, instance.keys, NOW + LETTER_KEPT - timedelta(seconds=1)).letters == 0
    assert purge(instance.database, instance.keys, NOW + LETTER_KEPT).letters == 1
    assert states(instance) == [("chat", "failed", False), ("code", "waiting", True)]


def deliveries(instance: Instance) -> list[tuple[bytes, int]]:
    """The errands that take letters to a provider: which letter, and when."""
    with instance.database.reading() as connection:
        rows = connection.execute(
            select(later_work).where(later_work.c.kind == DELIVER).order_by(later_work.c.id)
        )
        return [(bytes.fromhex(row.subject.decode()), row.due_at) for row in rows]


def test_what_waits_is_sent_when_the_person_writes_and_never_twice(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    send_letter(instance.database, mei, person.reference, "and more", now=NOW)
    before = deliveries(instance)
    assert outbox.release("telegram", "an address", NOW) == 2
    assert deliveries(instance) == before
    with instance.database.transaction() as connection:
        connection.execute(delete(later_work))
    assert outbox.release("telegram", "an address", NOW) == 2
    in_order = [letter_id for letter_id, _ in deliveries(instance)]
    assert in_order == [letter.id for letter in outbox.waiting("telegram", "an address", NOW)]
    assert all(due_at == int(NOW.timestamp()) + 2 for _, due_at in deliveries(instance))
    assert outbox.release("telegram", "another", NOW) == 0


def test_the_colleague_is_in_the_chat_from_the_moment_their_words_arrived(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    def since() -> object:
        return talks_since(instance.database, mei, person.reference)

    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    assert since() is None
    (letter,) = outbox.waiting("telegram", "an address", NOW)
    outbox.mark([letter.id], "failed", NOW)
    assert since() is None
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    (letter,) = outbox.waiting("telegram", "an address", NOW)
    outbox.mark([letter.id], "sent", NOW)
    assert since() == NOW
    outbox.mark([letter.id], "delivered", NOW + timedelta(hours=1))
    assert since() == NOW
    assert person.say(wrote_at).says[0].id == str(NOW)
    end_talk(instance.database, mei, person.reference)
    assert since() is None
    assert person.say(wrote_at).says[0].id == "None"


def wrote_at(before: Conversation | None, outside: Outside) -> Turn:
    return Turn(before, reply(str(outside.colleague_wrote_at())))


@pytest.mark.parametrize(("late", "talks"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_a_talk_that_nobody_ended_is_forgotten_in_time(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox, late: timedelta, talks: bool
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    (letter,) = outbox.waiting("telegram", "an address", NOW)
    outbox.mark([letter.id], "sent", NOW)
    purge(instance.database, instance.keys, NOW + TALK_KEPT + late)
    assert (talks_since(instance.database, mei, person.reference) is not None) is talks


def test_closing_a_case_ends_the_talk(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    (letter,) = outbox.waiting("telegram", "an address", NOW)
    outbox.mark([letter.id], "sent", NOW)
    close_case(instance.database, mei, person.reference, 90)
    assert talks_since(instance.database, mei, person.reference) is None


def test_what_a_provider_has_to_know_comes_with_the_letter(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    def stops(before: Conversation | None, _: Outside) -> Turn:
        assert before is not None
        return Turn(before.but(paused=True, heard_at=NOW), reply("paused"))

    person.say(stops)
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    ((letter_id, _),) = deliveries(instance)
    addressed = outbox.addressed(letter_id, NOW)
    assert addressed is not None
    assert (addressed.language, addressed.heard_at, addressed.paused) == ("en", NOW, True)


# ------------------------------------------------------------------ coming back by code


def comes_back(code: str, waiting: list[int] | None = None) -> Decide:
    """A turn that goes on with the case of a code, and notes how many messages wait."""

    def decide(_: Conversation | None, outside: Outside) -> Turn:
        if waiting is not None:
            waiting.append(outside.waiting_by_code(code))
        after = Conversation(step=StepId("submitted"), language="en", case="code")
        return Turn(after, reply("code.accepted"), (CameBack(code),))

    return decide


def test_who_comes_back_by_code_is_told_what_waits_and_finds_it_in_the_chat(
    instance: Instance, mei: Caseworker, outbox: Outbox
) -> None:
    intake = intake_of(instance)
    person = Person(intake).drafts().submits()
    counted: list[int] = []
    nobody = Person(intake, "nobody")
    nobody.say(comes_back("1234567890123428", counted), "1234567890123428")
    early = Person(intake, "early")
    early.say(comes_back(person.code, counted), person.code)
    assert counted == [0, 0]
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    send_letter(instance.database, mei, person.reference, "and more", now=NOW)
    later = Person(intake, "later")
    later.say(comes_back(person.code, counted), person.code)
    assert counted[-1] == 2
    for address in ("early", "later"):
        assert [letter.text for letter in outbox.waiting("web", address, NOW)] == [SAID, "and more"]
    assert outbox.waiting("web", "nobody", NOW) == []
    first, second = outbox.waiting("web", "later", NOW)
    outbox.shown("web", "nobody", second.id, NOW)
    outbox.shown("web", "later", b"no letter of theirs", NOW)
    assert len(outbox.waiting("web", "later", NOW)) == 2
    outbox.shown("web", "later", first.id, NOW)
    # What was read in one chat is not said again in another.
    for address in ("early", "later"):
        assert [letter.text for letter in outbox.waiting("web", address, NOW)] == ["and more"]
    case = open_case(instance.database, instance.keys, mei, person.reference)
    assert [entry.delivery for entry in case.entries] == ["delivered", "waiting"]
    assert ways_to(instance.database, mei, person.reference) >= {"code"}


def test_by_code_nothing_is_sent_before_the_person_writes_and_nothing_after_their_chat_ended(
    instance: Instance, mei: Caseworker, outbox: Outbox
) -> None:
    intake = intake_of(instance)
    person = Person(intake).drafts().submits()
    back = Person(intake, "her phone", channel="telegram")
    back.say(comes_back(person.code), person.code, can_be_reached=True)
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    assert deliveries(instance) == []
    assert outbox.release("telegram", "her phone", NOW) == 1
    ((letter_id, _),) = deliveries(instance)
    addressed = outbox.addressed(letter_id, NOW)
    assert addressed is not None
    assert (addressed.channel, addressed.address) == ("telegram", "her phone")
    assert outbox.release("telegram", "her phone", NOW + timedelta(hours=24)) == 0
    assert outbox.waiting("telegram", "her phone", NOW + timedelta(hours=24)) == []


def test_neither_the_desk_nor_the_database_opens_a_letter_again(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    with instance.database.reading() as connection:
        rows = connection.execute(select(letters)).all()
    held = [*mei.desk_keys.values(), *(bytes.fromhex(f.read_text()) for f in instance.keys.path.iterdir())]
    assert len(rows) == 2
    for row in rows:
        assert SAID.encode() not in row.sealed
        for key in held:
            with pytest.raises(CannotOpen):
                open_letter(key, row.sealed, row.id)


def test_what_opens_letters_opens_no_answer_whatever_key_it_is_given(instance: Instance) -> None:
    from storage.casefile import answer_context
    from storage.schema import answers

    built = BuiltCase(instance).submit([("name", "x")])
    with instance.database.reading() as connection:
        sealed = connection.execute(select(answers.c.sealed)).scalar_one()
    with pytest.raises(CannotOpen):
        open_letter(built.pair.private, sealed, *answer_context(built.id, "name", 0))
    assert open_letter(built.pair.private, seal_letter(built.pair.public, b"x", b"i"), b"i") == b"x"


def test_when_a_chat_ends_what_waited_for_it_opens_no_more_and_waits_for_the_code(
    instance: Instance, mei: Caseworker, person: Person, outbox: Outbox
) -> None:
    send_letter(instance.database, mei, person.reference, SAID, now=NOW)
    with instance.database.reading() as connection:
        letter_id = connection.execute(select(letters.c.id).where(letters.c.reader == "chat")).scalar_one()
    person.intake.leave("telegram", "an address", erase=False, now=NOW)
    assert outbox.waiting("telegram", "an address", NOW) == []
    with pytest.raises(ChatEnded):
        outbox.addressed(letter_id, NOW)
    outbox.mark([letter_id], "failed", NOW)
    assert (
        open_case(instance.database, instance.keys, mei, person.reference).entries[-1].delivery == "by_code"
    )
    assert ways_to(instance.database, mei, person.reference) == {"code"}
