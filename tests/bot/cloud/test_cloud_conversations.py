"""Whole conversations by the Cloud API end in the case that the web chat makes of them."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from flows.choices import CHOICES
from storage.casetelling import Case
from tests.bot.cloud.conftest import Product
from tests.conversations import player
from tests.providers.cloud import User

ANN, BY_USERNAME, BY_NUMBER = User(), User(number=None), User(user_id=None)
WHOLE = Path(player.__file__).parent / "whole"

Script = list[dict[str, Any]]


def script_of(name: str, language: str | None = None) -> Script:
    """What is done in each turn; with a language, that one is chosen instead."""
    script: Script = tomllib.loads((WHOLE / f"{name}.toml").read_text("utf-8"))["turn"]
    if language:
        script[1] |= {"presses": language}
    return script


def by_web(product: Product, script: Script) -> None:
    client = product.app.test_client()
    token = (client.post("/chat/sessions").json or {})["token"]
    for number, turn in enumerate(script[1:]):
        pressed = turn.get("presses")
        name = "text" if pressed is None else "choices" if isinstance(pressed, list) else "choice"
        body = {"id": f"m{number}", name: pressed or turn["hears"]}
        answer = client.post("/chat/messages", json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def by_whatsapp(product: Product, script: Script, user: User) -> set[str]:
    """Hold the conversation on a phone, pressing what can be pressed; return what there was to press."""
    graph, pressed_on = product.graph, set()
    product.says(user, graph.text(user, "hello"))
    for before, turn in pairwise(script):
        last, pressed = product.last(user), turn.get("presses", [])
        if isinstance(pressed, str) and pressed in last.choices:
            pressed_on.add(last.content["interactive"]["type"])
            product.says(user, graph.press(user, pressed))
        elif pressed:
            several = [pressed] if isinstance(pressed, str) else pressed
            numbers = [CHOICES[before["at"]].index(each) + 1 for each in several]
            product.says(user, graph.text(user, ", ".join(map(str, numbers))))
        else:
            product.says(user, graph.text(user, turn["hears"]))
    assert graph.complaints == [] and product.given_up == [] and product.waiting() == {}
    return pressed_on


def told(case: Case) -> dict[str, Any]:
    """What a colleague reads of a case, but for when and by which channel it came."""
    fields = {**case.fields, "consent": {**case.fields["consent"], "at": None}}
    links = [link.as_json() for link in case.links]
    return {
        "fields": fields,
        "links": links,
        "priority": case.priority,
        "flags": case.flags,
        "in": case.language,
    }


@pytest.mark.parametrize(
    ("name", "language", "user", "pressed"),
    [
        ("en_by_buttons", "en", ANN, {"button", "list"}),
        ("en_by_buttons", "zh_Hant_HK", BY_USERNAME, {"button", "list"}),
        ("en_by_text", None, BY_NUMBER, set()),
        ("zh_by_text", None, BY_USERNAME, set()),
        ("minimal", "zh_Hant_HK", BY_NUMBER, {"button", "list"}),
    ],
)
def test_a_conversation_becomes_the_case_that_the_web_chat_makes_of_it(
    product: Product, name: str, language: str | None, user: User, pressed: set[str]
) -> None:
    script = script_of(name, language)
    by_web(product, script)
    assert by_whatsapp(product, script, user) == pressed
    one, other = product.cases()
    assert {one.channel, other.channel} == {"web", "whatsapp"}
    assert told(one) == told(other)


def test_who_chooses_this_chat_is_linked_to_it_and_may_go_on_there(product: Product) -> None:
    by_whatsapp(product, script_of("whatsapp_linked"), ANN)
    (case,) = product.cases()
    assert case.fields["contact_method"] == "this_chat"
    assert [link.url for link in case.links] == ["https://example.com/x", "https://example.com/y"]


def test_a_conversation_survives_meta_failing_at_every_third_call(product: Product) -> None:
    def fail_now_and_then() -> None:
        product.graph.faults[:] = [(503, {}, {})] * (len(product.graph.sent) % 3 == 0)

    graph = product.graph
    for words in ("hello", "English", "20", "yes", "me"):
        fail_now_and_then()
        graph.deliver(product.post, ANN, graph.text(ANN, words))
        for _ in range(8):
            product.work()
            product.waits(7)
    assert len(graph.sent) == 5
    assert product.given_up == []
