"""The page without a script: every turn is a form, and nothing written is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from bot.limits import MESSAGES_A_MINUTE
from bot.receive import Answer, Message
from locales import Words
from storage.errors import StoreAway
from tests.bot.scripted import SEVERAL, ScriptedReception

VOID = {"input", "meta", "link", "br", "progress"}


class Page(HTMLParser):
    """What stands in a page outside its templates: fields by name, buttons, and the text."""

    def __init__(self, answer: TestResponse) -> None:
        super().__init__()
        self.status = answer.status_code
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self.boxes: list[str] = []
        self.text = ""
        self.typed: str | None = None
        self._skipping = 0
        self.feed(answer.get_data(as_text=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._skipping += 1
        if self._skipping:
            return
        if tag == "input" and given.get("type") == "hidden" and given["value"]:
            self.fields[given["name"]] = given["value"]
        if tag == "input" and given.get("type") == "checkbox":
            self.boxes.append(given["value"])
        if tag == "button" and "name" in given:
            self.buttons.append((given["name"], given["value"]))
        if tag == "textarea":
            self.typed = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._skipping -= 1

    def handle_data(self, data: str) -> None:
        if self._skipping:
            return
        self.text += data
        if self.typed == "" and self.lasttag == "textarea":
            self.typed = data.removeprefix("\n")


def begin(client: FlaskClient) -> Page:
    return Page(client.post("/", data={"language": "en"}))


def go_on(client: FlaskClient, page: Page, *pressed: tuple[str, str]) -> Page:
    return Page(client.post("/", data=MultiDict([*page.fields.items(), *pressed])))


def test_before_the_chat_there_are_six_lines_and_one_button(client: FlaskClient, words: Words) -> None:
    page = Page(client.get("/?language=en"))
    for line in range(1, 7):
        assert words.say("en", f"page.intro.{line}") in page.text
    assert words.say("en", "page.start") in page.text
    assert "token" not in page.fields


@pytest.mark.parametrize(
    ("address", "accepted", "lang"),
    [
        ("/", "zh-HK,zh;q=0.9", "zh-Hant-HK"),
        ("/", "en-GB", "en"),
        ("/?language=zh_Hant_HK", "en-GB", "zh-Hant-HK"),
        ("/?language=en", "zh-HK", "en"),
        ("/?language=%00<script>", "en", "en"),
    ],
)
def test_the_page_speaks_the_language_asked_for_or_preferred(
    client: FlaskClient, address: str, accepted: str, lang: str
) -> None:
    page = client.get(address, headers={"Accept-Language": accepted}).get_data(as_text=True)
    assert f'<html lang="{lang}">' in page
    assert "<script>" not in page


def test_the_title_says_nothing(client: FlaskClient) -> None:
    titles = {
        re.search("<title>(.*)</title>", client.get(path).get_data(as_text=True))
        for path in ("/", "/nowhere")
    }
    assert {title and title[1] for title in titles} == {"私隱對話"}


def test_a_button_a_command_and_a_text_are_heard_and_the_next_turn_has_another_id(
    client: FlaskClient, reception: ScriptedReception
) -> None:
    page = begin(client)
    assert page.buttons[:2] == [("say", "en"), ("say", "zh_Hant_HK")]
    assert ("choice", "under_16") in page.buttons
    ids = {page.fields["id"]}
    for pressed, heard in [
        ([("choice", "under_16"), ("text", "")], ("", "under_16")),
        ([("say", "why"), ("text", "")], ("why", None)),
        ([("say", "zh_Hant_HK")], ("中文", None)),
        ([("send", "1"), ("text", "I am\r\n17")], ("I am\n17", None)),
    ]:
        page = go_on(client, page, *pressed)
        assert page.status == 200
        last = reception.heard[-1]
        assert (last.text, last.choice, last.asked_at) == (*heard, "age")
        ids.add(page.fields["id"])
    assert len(ids) == 5


@pytest.mark.parametrize("button", ["chosen", "send"])
def test_several_choices_are_boxes(client: FlaskClient, reception: ScriptedReception, button: str) -> None:
    reception.answer = Answer((SEVERAL,), "background", "en", None)
    page = begin(client)
    assert page.boxes == ["a", "b"]
    go_on(client, page, ("choices", "a"), ("choices", "b"), (button, "1"), ("text", ""))
    assert reception.heard[-1].choices == ("a", "b")


@pytest.mark.parametrize(
    ("pressed", "notice"), [(("chosen", "1"), "page.none_chosen"), (("send", "1"), "page.empty")]
)
def test_nothing_chosen_or_written_is_said_and_changes_nothing(
    client: FlaskClient, reception: ScriptedReception, words: Words, pressed: tuple[str, str], notice: str
) -> None:
    page = go_on(client, begin(client), pressed, ("text", " "))
    assert words.say("en", notice) in page.text
    assert len(reception.heard) == 1


def test_words_in_the_box_stay_there_when_another_button_is_pressed(client: FlaskClient) -> None:
    page = go_on(client, begin(client), ("say", "why"), ("text", "half a <sentence>"))
    assert page.typed == "half a <sentence>"


def test_a_text_too_long_for_one_message_comes_back_to_be_parted(client: FlaskClient) -> None:
    page = go_on(client, begin(client), ("send", "1"), ("text", "字" * 4001))
    assert page.typed == "字" * 4001


@pytest.mark.parametrize(
    ("pressed", "typed"), [(("send", "1"), "my words"), (("choice", "under_16"), "my words")]
)
def test_what_could_not_be_taken_is_kept_in_the_page_under_the_same_id(
    client: FlaskClient, reception: ScriptedReception, words: Words, pressed: tuple[str, str], typed: str
) -> None:
    page = begin(client)
    reception.failure = StoreAway("x")
    answer = client.post("/", data=page.fields | {"text": typed} | dict([pressed]))
    again = Page(answer)
    assert (again.status, answer.headers["Retry-After"]) == (503, "5")
    assert words.say("en", "error.store_away") in unescape(again.text)
    assert (again.typed, again.fields["id"]) == (typed, page.fields["id"])
    reception.failure = None
    assert go_on(client, again, ("send", "1"), ("text", typed)).status == 200
    heard = reception.heard[-1]
    assert (heard.choice, heard.text) == (("under_16", "") if pressed[0] == "choice" else (None, typed))


def test_too_many_messages_are_told_and_kept(make_app: Callable[..., Flask]) -> None:
    client = make_app(rate_limits="on").test_client()
    page = begin(client)
    for _ in range(MESSAGES_A_MINUTE):
        before, page = page, go_on(client, page, ("send", "1"), ("text", "hi"))
    assert (page.status, page.typed, page.fields["id"]) == (429, "hi", before.fields["id"])


def test_the_same_form_sent_twice_is_one_message(client: FlaskClient, reception: ScriptedReception) -> None:
    page = begin(client)
    for _ in range(2):
        assert go_on(client, page, ("send", "1"), ("text", "hi")).status == 200
    assert len({heard.id for heard in reception.heard[1:]}) == 1


def test_an_old_page_with_other_words_shows_the_question_that_stands(
    client: FlaskClient, words: Words
) -> None:
    page = begin(client)
    go_on(client, page, ("send", "1"), ("text", "hi"))
    again = go_on(client, page, ("send", "1"), ("text", "ho"))
    assert again.status == 409
    assert words.say("en", "error.id_reused") in again.text
    assert "How old?" in again.text


def test_a_page_sent_again_after_leaving_shows_no_words(client: FlaskClient, words: Words) -> None:
    fields = {"token": "a" * 43, "id": "m1", "language": "en", "send": "1", "text": "my words"}
    answer = client.post("/", data=fields)
    assert answer.status_code == 401
    assert words.say("en", "error.unauthorised") in Page(answer).text
    assert "my words" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("step", ["referred", "declined", "third_party", "erased"])
def test_an_end_offers_to_start_again_and_nothing_else(
    client: FlaskClient, reception: ScriptedReception, words: Words, step: str
) -> None:
    reception.answer = Answer((Message("e-0", "assistant", "Goodbye"),), step, "en", None, closed=True)
    answer = client.post("/", data={"language": "en"}).get_data(as_text=True)
    body = answer[: answer.index("<template")]
    assert words.say("en", "page.start_again") in body
    assert 'id="turn" method="post" action="/" autocomplete="off" hidden' in body
    assert 'id="composer" hidden' in body


def test_a_case_code_in_the_last_reply_leads_back_to_its_case(
    client: FlaskClient, reception: ScriptedReception
) -> None:
    last = Message("e-0", "assistant", "Your case code:\n1234 5678 9012 3452")
    reception.answer = Answer((last,), "submitted", "en", None, closed=True)
    page = client.post("/", data={"language": "en"}).get_data(as_text=True)
    assert 'name="code" value="1234 5678 9012 3452"' in page
    reception.heard.clear()
    client.post("/", data={"language": "en", "code": "1234 5678 9012 3452"})
    assert [(heard.kind, heard.choice, heard.text) for heard in reception.heard] == [
        ("start", None, ""),
        ("text", "en", ""),
        ("text", None, "1234 5678 9012 3452"),
    ]


def test_only_what_can_be_skipped_offers_to_skip(client: FlaskClient, reception: ScriptedReception) -> None:
    for skippable in (False, True):
        reception.answer = Answer((SEVERAL,), "background", "en", None, skippable=skippable)
        page = client.post("/", data={"language": "en"}).get_data(as_text=True)
        (skip,) = re.findall(
            r'<button class="quiet" name="say" value="skip"[^>]*>', page[: page.index("<template")]
        )
        assert (" hidden" in skip) is not skippable


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"token": "short", "id": "m1", "text": "hi"}, 401),
        ({"token": "a" * 43, "id": "", "text": "hi"}, 400),
        ({"token": "a" * 43, "id": "m1", "step": "x" * 65}, 400),
    ],
)
def test_a_form_that_is_not_ours_is_refused(client: FlaskClient, fields: dict[str, str], status: int) -> None:
    assert client.post("/", data=fields).status_code == status


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "application/json", ""])
def test_a_form_with_files_is_refused(client: FlaskClient, kind: str) -> None:
    assert client.post("/", data=b"x", headers={"Content-Type": kind}).status_code == 415


HOSTILE = '<script>alert(1)</script> & "quotes" {{ 7 * 7 }}'


def test_text_is_shown_as_text(client: FlaskClient, reception: ScriptedReception) -> None:
    message = Message("h-0", "assistant", HOSTILE, (("x", HOSTILE),))
    reception.answer = Answer((message,), "age", "en", None)
    answer = client.post("/", data={"language": "en"}).get_data(as_text=True)
    assert "<script>alert" not in answer
    assert "{{ 7 * 7 }}" in answer


def test_leaving_erases_what_is_unfinished_and_goes_to_the_neutral_page(
    client: FlaskClient, reception: ScriptedReception, words: Words
) -> None:
    page = begin(client)
    neutral = words.fact("en", "neutral_exit_url")
    answer = client.post("/exit", data={"token": page.fields["token"]})
    assert answer.headers["Refresh"] == f"0; url={neutral}"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert reception.left == [(page.fields["token"], True)]
    assert "How old" not in answer.get_data(as_text=True)


def test_the_way_out_needs_no_conversation(client: FlaskClient, words: Words) -> None:
    answer = client.get("/exit")
    assert (answer.status_code, answer.headers["Location"]) == (303, words.fact("en", "neutral_exit_url"))
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.parametrize("data", [{}, {"token": "x"}, {"token": "a" * 43}])
def test_leaving_is_never_refused(
    client: FlaskClient, reception: ScriptedReception, data: dict[str, Any]
) -> None:
    reception.failure = StoreAway("x")
    answer = client.post("/exit", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert "Refresh" in answer.headers
