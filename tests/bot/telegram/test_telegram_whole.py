"""Whole conversations in both languages, by a person on Telegram and one at the page: equal cases."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from flows.vocabulary import LANGUAGES
from storage.cases import list_cases, open_case
from storage.signing_in import sign_in
from storage.staffing import add_staff
from tests.bot.telegram.conftest import ANN, BO, Product, words
from tests.promises.conftest import CHEAP, PASSWORD, Visitor

WHOLE = Path(__file__).parents[2] / "conversations" / "whole"
NAMES = ("en_by_buttons", "en_by_text", "zh_by_text", "minimal")


def by_telegram(product: Product, chat: int, turns: list[dict[str, Any]]) -> str:
    """Type what is typed; press the buttons that are there, and type numbers where there are none."""
    shown = ""
    for turn in turns:
        pressed = turn.get("presses")
        if turn.get("sends") == "start":
            shown = product.says(chat, "/start")
        elif pressed is None:
            shown = product.says(chat, turn["hears"])
        else:
            chosen = pressed if isinstance(pressed, list) else [pressed]
            numbers = [number_of(choice, shown) for choice in chosen]
            keyboard = product.api.chat(chat).keyboard
            typed = ",".join(numbers)
            shown = product.says(chat, keyboard[int(typed) - 1] if keyboard else typed)
    return shown


def number_of(choice: str, shown: str) -> str:
    """The number before the label of a choice, in the last question shown."""
    ids = {id_ for id_ in words.ids() if id_.startswith(("choice.", "field.")) and id_.endswith(f".{choice}")}
    labels = {words.label(language, id_) for id_ in ids for language in LANGUAGES}
    found = [
        number for number, label in re.findall(r"^(\d+)\. (.+)$", shown, re.MULTILINE) if label in labels
    ]
    assert found, choice
    return str(found[-1])


def by_page(product: Product, turns: list[dict[str, Any]]) -> None:
    visitor = Visitor(product.client).begin()
    for turn in turns:
        pressed = turn.get("presses")
        if isinstance(pressed, list):
            visitor.send({"choices": pressed})
        elif pressed is not None:
            visitor.send({"choice": pressed})
        elif "hears" in turn:
            visitor.send({"text": turn["hears"]})


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_conversation_becomes_the_case_that_it_becomes_on_the_page(
    product: Product, name: str
) -> None:
    turns = tomllib.loads((WHOLE / f"{name}.toml").read_text("utf-8"))["turn"]
    last = by_telegram(product, ANN, turns)
    assert words.say("zh_Hant_HK" if name.startswith("zh") else "en", "clear.telegram") in last
    by_page(product, turns)
    one, other = cases(product)
    assert one["fields"] == other["fields"]
    assert one["links"] == other["links"]
    assert {one["channel"], other["channel"]} == {"telegram", "web"}
    for same in ("status", "priority", "priority_reason", "language", "flags", "raised"):
        assert one[same] == other[same]
    assert product.api.chat(ANN).keyboard == []


def test_whoever_wants_to_be_reached_in_this_chat_can_be(product: Product) -> None:
    turns = tomllib.loads((WHOLE / "whatsapp_linked.toml").read_text("utf-8"))["turn"]
    last = by_telegram(product, ANN, turns)
    assert words.say("zh_Hant_HK", "clear.telegram") in last
    (case,) = cases(product)
    assert case["fields"]["contact_method"] == "this_chat"


def test_two_people_at_the_same_time_are_kept_apart(product: Product) -> None:
    turns = tomllib.loads((WHOLE / "en_by_text.toml").read_text("utf-8"))["turn"]
    for chat in (ANN, BO):
        by_telegram(product, chat, turns[:6])
    by_telegram(product, BO, turns[6:])
    by_telegram(product, ANN, turns[6:])
    one, other = cases(product)
    assert one["fields"] == other["fields"]
    assert one["reference"] != other["reference"]


def cases(product: Product) -> list[dict[str, Any]]:
    """Every case, opened, without the moment of consent."""
    database, keys = product.service.database, product.service.keys
    add_staff(database, keys, "Reader", "supervisor", PASSWORD, None, CHEAP)
    reader = sign_in(database, "Reader", PASSWORD, CHEAP)
    lines = list_cases(database, keys, reader)
    opened = [line.as_json() | open_case(database, keys, reader, line.reference).as_json() for line in lines]
    for case in opened:
        case["fields"]["consent"].pop("at", None)
    database.close()
    return opened
