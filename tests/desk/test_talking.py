"""Talking to the person of a case from the desk: both ways, when it is safe, and how far it came."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from desk.talking import is_safe
from flows.vocabulary import Conversation, Outside, Turn
from storage.casework import claim_case, close_case
from storage.letters import talks_since
from storage.outbox import Outbox
from storage.replies import list_replies
from storage.schema import letters
from tests.desk.conftest import Colleague, Enters, text
from tests.storage.building import BuiltCase, Instance
from tests.storage.talking import Person, intake_of, reply

SAID = "canary-said-by-a-colleague <b>你好</b>"


def person_of(instance: Instance, channel: str = "telegram", linked: bool = True, **more: Any) -> Person:
    """Somebody who can be reached, and has just written."""
    person = Person(intake_of(instance), channel=channel, now=datetime.now(UTC)).drafts()
    if "contact_safety" in more:
        person.answers("contact_safety", more["contact_safety"])
    return person.submits(linked=linked)


def here(person: Person) -> str:
    return f"/desk/cases/{person.reference}"


def outbox(instance: Instance) -> Outbox:
    return Outbox(instance.database, instance.keys)


def test_what_is_said_waits_for_the_person_and_is_shown_with_how_far_it_came(
    mei: Colleague, instance: Instance
) -> None:
    person = person_of(instance)
    answer = mei.post(f"{here(person)}/talk", text=SAID)
    assert answer.headers["Location"] == f"{here(person)}?done=said"
    page = text(mei.get(here(person)))
    assert "&lt;b&gt;你好&lt;/b&gt;" in page
    assert ">waiting<" in page
    (letter,) = outbox(instance).waiting("telegram", "an address", person.now)
    assert letter.text == SAID
    outbox(instance).mark([letter.id], "delivered", person.now)
    assert ">delivered<" in text(mei.get(here(person)))


def test_a_press_too_many_says_it_once(mei: Colleague, instance: Instance) -> None:
    person = person_of(instance)
    for _ in range(2):
        mei.post(f"{here(person)}/talk", text=SAID, once="drawn once")
    assert len(outbox(instance).waiting("telegram", "an address", person.now)) == 1
    assert mei.post(f"{here(person)}/talk", text="  ").headers["Location"].endswith("#talk")


def test_only_what_is_new_is_drawn_again(mei: Colleague, instance: Instance) -> None:
    person = person_of(instance)
    part = text(mei.get(f"{here(person)}/talk"))
    stamp = re.search(r'data-stamp="([0-9a-f]+)"', part)
    assert stamp
    assert "<html" not in part
    again = f"{here(person)}/talk?stamp={stamp[1]}"
    assert mei.get(again).status_code == 204
    person.answers("message", "she writes back", "add")
    part = text(mei.get(again))
    assert "she writes back" in part


ANY = datetime(2026, 11, 20, tzinfo=UTC)  # a Friday; Hong Kong is eight hours ahead


@pytest.mark.parametrize(
    ("times", "at", "safe"),
    [
        ([], 3, True),
        (["any_time"], 3, True),
        (["daytime"], 1, True),
        (["daytime"], 0.99, False),
        (["daytime"], 10, False),
        (["evening"], 10, True),
        (["evening"], 15, False),
        (["daytime", "evening"], 14.9, True),
        (["weekend"], 3, False),
        (["weekend"], 27, True),
        (["weekend"], 39.5, False),
    ],
)
def test_a_safe_time_is_told_in_hong_kong(times: list[str], at: float, safe: bool) -> None:
    assert is_safe({"times": times, "discreet_only": True, "text": "x"}, ANY + timedelta(hours=at)) is safe
    assert is_safe({}, ANY)


def test_outside_the_safe_time_it_takes_a_second_press(
    mei: Colleague, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.talking.is_safe", lambda safety, now: "evening" not in safety["times"])
    safety = {"times": ["evening"], "discreet_only": True, "text": "never when he is home"}
    person = person_of(instance, contact_safety=safety)
    page = text(mei.get(here(person)))
    assert "Evenings" in page
    assert "never when he is home" in page
    assert "not a safe time" in page
    page = text(mei.post(f"{here(person)}/talk", text=SAID, once="o"))
    assert "Send anyway" in page
    assert "canary-said-by-a-colleague" in page
    assert outbox(instance).waiting("telegram", "an address", person.now) == []
    answer = mei.post(f"{here(person)}/talk", text=SAID, once="o", anyway="1")
    assert answer.status_code == 303
    assert len(outbox(instance).waiting("telegram", "an address", person.now)) == 1


def test_whoever_fetches_it_by_code_is_in_no_danger_of_an_unsafe_time(
    mei: Colleague, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.talking.is_safe", lambda safety, now: False)
    person = person_of(instance, "web", linked=False)
    page = text(mei.get(here(person)))
    assert "come back with their case code" in page
    assert "not a safe time" not in page
    assert mei.post(f"{here(person)}/talk", text=SAID).status_code == 303


@pytest.mark.parametrize(
    ("hours", "says"), [(1, "WhatsApp takes messages until"), (25, "waits here until they write")]
)
def test_the_hours_of_whatsapp_are_told(mei: Colleague, instance: Instance, hours: int, says: str) -> None:
    person = Person(intake_of(instance), channel="whatsapp", now=datetime.now(UTC) - timedelta(hours=hours))
    person.drafts().submits(linked=True)
    assert says in text(mei.get(here(person)))
    where = mei.post(f"{here(person)}/talk", text=SAID).headers["Location"]
    assert where.endswith("done=waits_for_them" if hours > 24 else "done=said")
    # As long as it may take them to write, or no longer than any other.
    with instance.database.reading() as connection:
        until = connection.scalars(select(letters.c.erase_at).where(letters.c.reader == "chat")).one()
    days = (datetime.fromtimestamp(until, UTC) - datetime.now(UTC)) / timedelta(days=1)
    assert round(days, 2) == (14 if hours > 24 else 1)


def test_a_talk_is_ended_at_the_desk(mei: Colleague, instance: Instance) -> None:
    person = person_of(instance)
    assert "Leave the chat to the assistant" not in text(mei.get(here(person)))
    mei.post(f"{here(person)}/talk", text=SAID)
    (letter,) = outbox(instance).waiting("telegram", "an address", person.now)
    outbox(instance).mark([letter.id], "sent", datetime.now(UTC))
    assert "Leave the chat to the assistant" in text(mei.get(here(person)))
    assert mei.post(f"{here(person)}/talk/end").headers["Location"].endswith("done=talk_ended")
    assert talks_since(instance.database, instance.sign_in("Mei"), person.reference) is None


def test_words_that_cannot_be_sent_come_back_with_the_reason(
    mei: Colleague, enters: Enters, instance: Instance
) -> None:
    jo = enters("Jo", "intake")
    person = person_of(instance)
    nobody = BuiltCase(instance, "TD-9999").submit([])
    claim_case(instance.database, instance.sign_in("Mei"), person.reference)
    answers = [
        jo.post(f"{here(person)}/talk", text=SAID),
        mei.post(f"/desk/cases/{nobody.reference}/talk", text=SAID),
    ]
    close_case(instance.database, instance.sign_in("Mei"), person.reference, 90)
    answers.append(mei.post(f"{here(person)}/talk", text=SAID))
    assert [answer.status_code for answer in answers] == [403, 409, 409]
    assert all("canary-said-by-a-colleague" in text(answer) for answer in answers)


def test_whoever_has_not_the_case_sees_no_box(enters: Enters, instance: Instance) -> None:
    jo, person = enters("Jo", "intake"), person_of(instance)
    assert "Write to them" not in text(jo.get(here(person)))
    claim_case(instance.database, instance.sign_in("Jo"), person.reference)
    assert "Write to them" in text(jo.get(here(person)))


def test_a_saved_reply_is_begun_from_in_the_persons_language(mei: Colleague, instance: Instance) -> None:
    assert "No saved replies yet" in text(mei.get("/desk/replies"))
    fields: dict[str, Any] = {"name": "Received", "english": "We have it.", "chinese": "我們收到了。"}
    assert mei.post("/desk/replies", **fields).status_code == 303
    assert mei.post("/desk/replies", **fields | {"english": "We have it now."}).status_code == 303
    assert mei.post("/desk/replies", **fields | {"chinese": ""}).status_code == 400
    (saved,) = list_replies(instance.database)
    assert saved.english == "We have it now."
    person = person_of(instance)
    page = text(mei.post(f"{here(person)}/talk", text="Dear Kit", reply=saved.id))
    assert "Dear Kit\n\nWe have it now.</textarea>" in page
    assert outbox(instance).waiting("telegram", "an address", person.now) == []
    assert mei.post("/desk/replies/remove", id="not hexadecimal").status_code == 400
    mei.post("/desk/replies/remove", id=saved.id)
    assert list_replies(instance.database) == []


def test_what_she_writes_while_a_colleague_talks_is_at_the_desk_at_once(
    mei: Colleague, instance: Instance
) -> None:
    person = person_of(instance)
    mei.post(f"{here(person)}/talk", text=SAID)
    (letter,) = outbox(instance).waiting("telegram", "an address", person.now)
    outbox(instance).mark([letter.id], "sent", datetime.now(UTC))

    def writes(before: Conversation | None, outside: Outside) -> Turn:
        from flows.turn import turn
        from flows.vocabulary import Heard

        heard = Heard("telegram", "an address", "d", text="why", can_be_reached=True)
        return turn(before, heard, datetime.now(UTC), outside)

    assert person.say(writes, "why").says == ()
    assert reply().says == ()
    page = text(mei.get(here(person)))
    assert '<p class="words" dir="auto">why</p>' in page
