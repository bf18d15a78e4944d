"""A case for somebody who called: the questions of the chat, by its rules, typed by a colleague."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from storage import audit
from storage.cases import list_cases, open_case
from tests.desk.conftest import Colleague, Enters, text
from tests.storage.building import CHEAP, Instance
from tests.storage.talking import rows

STORY = "canary-story-4a1c he put it on a forum"


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(code_parameters=CHEAP)


class Call:
    """A colleague with the page of a call before them."""

    def __init__(self, colleague: Colleague, language: str = "en") -> None:
        self.colleague = colleague
        begun = colleague.post("/desk/by-phone", language=language)
        self.path = begun.headers["Location"]
        self.page = text(colleague.get(self.path))

    def answer(self, **fields: Any) -> TestResponse:
        """Press or type, as the form that is shown would send it."""
        hidden = dict(re.findall(r'name="(id|at)" value="([^"]*)"', self.page))
        answer = self.colleague.post(self.path, **hidden, **fields)
        self.page = text(answer)
        return answer

    def hand_over(self) -> None:
        for choice in ("16_or_above", "agree", "self", "yes", "she"):
            self.answer(choice=choice)
        self.answer(text="Canary")
        self.answer(choice="case_code")
        self.answer(choices=["evening", "discreet_only"])
        self.answer(choice="unidentified")
        self.answer(choices=["shared_without_knowledge"])
        self.answer(word="skip")
        self.answer(text=STORY)
        self.answer(choice="done")
        self.answer(text="https://example.com/canary")
        self.answer(choice="done")
        self.answer(choice="submit")


def test_the_case_is_in_the_queue_with_its_code_told_once_and_nobodys(
    enters: Enters, instance: Instance
) -> None:
    call = Call(enters("Jo", "intake"))

    call.hand_over()

    who = instance.sign_in("Jo")
    (case,) = list_cases(instance.database, instance.keys, who)
    assert (case.channel, case.status, case.language) == ("phone", "queued", "en")
    assert case.reference in call.page
    assert re.search(r"\d{4} \d{4} \d{4} \d{4}", call.page)
    opened = open_case(instance.database, instance.keys, who, case.reference)
    assert opened.fields["story"] == STORY
    assert opened.fields["contact_safety"]["times"] == ["evening"]
    assert [link.url for link in opened.links] == ["https://example.com/canary"]
    with instance.database.reading() as connection:
        noted = [(entry.staff, entry.event) for entry in audit.entries(connection)]
    assert (who.id.hex(), "case_taken_by_phone") in noted


def test_consent_is_read_aloud_and_nothing_is_kept_before(enters: Enters, instance: Instance) -> None:
    call = Call(enters("Jo", "intake"))

    call.answer(choice="16_or_above")

    assert "word for word" in call.page
    assert "cases" not in rows(instance.database)
    call.answer(choice="decline")
    assert 'name="text"' not in call.page
    assert "cases" not in rows(instance.database)


def test_a_caller_under_16_is_referred_and_nothing_is_kept(enters: Enters, instance: Instance) -> None:
    call = Call(enters("Jo", "intake"), "zh_Hant_HK")

    call.answer(choice="under_16")

    assert 'lang="zh-Hant-HK"' in call.page
    assert not {"cases", "conversations"} & set(rows(instance.database))


def test_the_same_form_sent_twice_is_one_answer(enters: Enters, instance: Instance) -> None:
    call = Call(enters("Jo", "intake"))
    shown = call.page
    call.answer(choice="16_or_above")
    first, call.page = call.page, shown

    call.answer(choice="16_or_above")

    assert "word for word" in first
    assert "word for word" in call.page


def test_a_reloaded_page_shows_the_question_and_no_answer(enters: Enters) -> None:
    jo = enters("Jo", "intake")
    call = Call(jo)
    for choice in ("16_or_above", "agree", "self", "yes", "she"):
        call.answer(choice=choice)
    call.answer(text="Canary")

    again = text(jo.get(call.path))

    assert "Canary" not in again
    assert "case_code" in again


def test_a_call_that_was_left_leaves_nothing_and_is_over(enters: Enters, instance: Instance) -> None:
    jo = enters("Jo", "intake")
    call = Call(jo)
    for choice in ("16_or_above", "agree"):
        call.answer(choice=choice)

    assert jo.post(f"{call.path}/leave").headers["Location"].endswith("call_left")

    assert "cases" not in rows(instance.database)
    assert call.answer(choice="self").status_code == 410


def test_a_call_is_gone_on_with_by_whoever_began_it_alone(enters: Enters) -> None:
    call = Call(enters("Jo", "intake"))
    kit = enters("Kit", "supervisor")

    assert kit.get(call.path).status_code == 303
    assert kit.post(call.path, id="0" * 32, at="age", choice="under_16").status_code == 410


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"id": "x", "at": "age"},
        {"id": "0" * 32},
        {"id": "0" * 32, "at": "nowhere", "text": "\x00\u202e" * 900},
    ],
)
def test_what_no_form_of_ours_sends_harms_nothing(enters: Enters, fields: dict[str, Any]) -> None:
    jo = enters("Jo", "intake")
    call = Call(jo)

    assert jo.post(call.path, **fields).status_code < 500
    assert jo.get("/desk/by-phone/nonsense").status_code == 404
    assert jo.post("/desk/by-phone", language="tlh").status_code == 400
