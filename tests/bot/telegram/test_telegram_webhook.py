"""The webhook: who is believed, what gets which status, and what is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import receive
from storage.errors import StoreAway, StoreRefused
from storage.intake import Intake
from tests.bot.telegram.conftest import ANN, BO, HEADER, PATH, SECRET, Product, words

GROUP = -1_001_234_567_890


# ------------------------------------------------------------------ who is believed


@pytest.mark.parametrize("secret", [None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "é" * len(SECRET)])
def test_without_the_secret_nothing_else_is_read(product: Product, secret: str | None) -> None:
    headers = {} if secret is None else {HEADER: secret}
    for body in (b"{", b"", b'{"update_id": 1}'):
        assert product.client.post(PATH, data=body, headers=headers).status_code == 403


def test_while_the_secret_is_changed_both_are_taken(product: Product) -> None:
    product.restart(TADA_TELEGRAM_SECRET="the_new_secret-of-nobody", TADA_TELEGRAM_OLD_SECRET=SECRET)
    assert product.says(ANN, "/start")
    product.api.registered["secret_token"] = "the_new_secret-of-nobody"
    assert product.says(ANN, "English")
    product.restart(TADA_TELEGRAM_OLD_SECRET="")
    assert product.says(ANN, "I'm 24")
    product.api.registered["secret_token"] = SECRET
    product.api.send(ANN, "I agree")
    product.api.run()
    assert product.api.answered[-1][1] == 403


# ------------------------------------------------------------------ everything else gets 200


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 60_000, b"1e999", b'{"update_id": "1"}', b"{}",
     b'{"update_id": 1, "message": null}', b'{"update_id": 1, "message": {"chat": {"id": 1e3, "type": "private"}}}',
     b'{"update_id": 1, "message": {"text": "hi", "chat": {"id": 99999999999999999999, "type": "private"}}}',
     b'{"update_id": 1, "callback_query": {"id": 7}}', b'{"update_id": 1, "my_chat_member": []}',
     b'{"update_id": 1, "a_future_kind": {"id": "1"}}', b'{"a": "' + b"x" * 1_000_000 + b'"}'],
)  # fmt: skip
def test_what_nobody_can_read_is_taken_in_silence(product: Product, body: bytes) -> None:
    answer = product.client.post(PATH, data=body, headers={HEADER: SECRET})
    assert (answer.status_code, answer.data) == (200, b"")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "from",
    "text",
    "caption",
    "photo",
    "media_group_id",
    "message_id",
    "entities",
    "date",
    "data",
    "message",
)
_PARTS = st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(("message", "edited_message", "callback_query", "my_chat_member")),
    parts=_PARTS,
    n=st.integers(),
)
def test_fields_may_be_of_any_type(product: Product, kind: str, parts: dict[str, Any], n: int) -> None:
    chat = {"id": BO, "type": "private"}
    body = json.dumps({"update_id": n, kind: {"chat": chat, "id": "1", **parts}})
    answer = product.client.post(PATH, data=body, headers={HEADER: SECRET})
    assert answer.status_code == 200
    if answer.data:
        assert json.loads(answer.data)["method"] in ("sendMessage", "answerCallbackQuery")


def test_a_long_message_with_the_long_one_it_replies_to_is_taken(product: Product) -> None:
    product.says(ANN, "/start")
    long = "\U0001f62d" * 2048
    marks = [
        {"type": "custom_emoji", "offset": n, "length": 2, "custom_emoji_id": "1" * 19} for n in range(100)
    ]
    earlier = {"message_id": 7, "text": long, "entities": marks}
    assert product.says(ANN, long, entities=marks, reply_to_message=earlier)
    assert product.api.answered[-1][1] == 200


# ------------------------------------------------------------------ bad days


def test_a_store_that_is_away_is_the_one_thing_that_is_not_taken(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.reach(ANN, "English")

    def away(*_: object) -> None:
        raise StoreAway

    with monkeypatch.context() as patched:
        patched.setattr(Intake, "take", away)
        product.api.send(ANN, "I'm 24")
        product.api.send(ANN, "I agree")
        product.api.pass_time(20)
        tried = product.api.answered[2:]
    assert {status for _, status in tried} == {503}
    assert len({update for update, _ in tried}) == 1  # what follows waits for it
    said = product.api.chat(ANN).said()
    product.api.pass_time(60)
    assert product.api.waiting() == 0
    assert len(product.api.chat(ANN).said()) == len(said) + 2
    assert words.say("en", "ask.whose").splitlines()[0] in product.api.chat(ANN).said()[-1]


@pytest.mark.parametrize("failure", [StoreRefused, RuntimeError, KeyError])
def test_an_update_that_cannot_be_handled_does_not_hold_back_the_next(
    product: Product, monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    product.reach(ANN, "English")

    def fail(*_: object) -> None:
        raise failure("canary")

    with monkeypatch.context() as patched:
        patched.setattr(Intake, "take", fail)
        said = product.says(ANN, "I'm 24")
    assert said
    assert "2375" in said  # where somebody can be talked to
    assert words.say("en", "ask.consent")[:40] in product.says(ANN, "I'm 24")


def test_a_defect_in_the_conversation_is_told_and_the_question_put_again(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.reach(ANN, "English")

    def fail(*_: object) -> None:
        raise RuntimeError("canary")

    with monkeypatch.context() as patched:
        patched.setattr(receive, "turn", fail)
        said = product.says(ANN, "I'm 24")
    assert said.startswith(words.say("en", "error.handler"))
    assert words.say("en", "ask.age") in said


def test_an_update_that_comes_again_gets_the_same_reply_and_makes_no_second_step(product: Product) -> None:
    product.reach(ANN, "English")
    deliver, lost = product.deliver, []

    def lose_the_first(body: bytes, headers: Any) -> Any:
        answer = deliver(body, headers)
        lost.append(answer[2])
        if len(lost) == 1:
            raise ConnectionResetError
        return answer

    product.api.webhook = lose_the_first
    said = product.says(ANN, "I'm 24")
    assert lost[0] == lost[1]
    assert words.say("en", "ask.consent") in said


def test_two_things_sent_in_the_same_second_may_come_in_either_order(product: Product) -> None:
    for chat, backwards in ((ANN, False), (BO, True)):
        product.reach(chat, "English", "I'm 24")
        product.api.send(chat, "hmm")
        product.api.press(chat, "v1:consent:agree")
        product.api.run(backwards)
        assert product.api.waiting() == 0
        assert words.say("en", "ask.image_age")[:30] in product.says(chat, "of me")


# ------------------------------------------------------------------ what else there is


def test_groups_are_left_and_channels_ignored(product: Product) -> None:
    group = {"id": GROUP, "type": "supergroup", "title": "Canary"}
    user = {"id": ANN, "is_bot": False, "first_name": "Canary"}
    message = {"message_id": 1, "from": user, "chat": group, "date": 1, "text": "/start"}
    member = {"new_chat_member": {"status": "member"}}
    product.api.post(("chat", GROUP), message=message)
    product.api.post(("chat", GROUP), message={**message, "migrate_to_chat_id": 1})
    product.api.post(("chat", GROUP), edited_message=message)
    product.api.post(("block", GROUP), my_chat_member={"chat": group, "from": user, "date": 1, **member})
    product.api.post(("user", ANN), callback_query={"id": "1", "from": user, "message": message, "data": "x"})
    product.api.run()
    assert product.api.left == [GROUP] * 5
    post = {"message_id": 9, "chat": {"id": -100, "type": "channel"}, "date": 1, "text": "post"}
    out = {"chat": group, "from": user, "date": 1, "new_chat_member": {"status": "kicked"}}
    del product.api.registered["allowed_updates"]  # older unwanted updates may still arrive
    product.api.post(("chat", -100), channel_post=post)
    product.api.post(("block", GROUP), my_chat_member=out)
    product.api.run()
    assert product.api.left == [GROUP] * 5
    assert product.api.waiting() == 0


def test_other_bots_are_not_answered(product: Product) -> None:
    bot = {"id": ANN, "is_bot": True, "first_name": "Canary"}
    chat = {"id": ANN, "type": "private"}
    message = {"message_id": 1, "from": bot, "chat": chat, "text": "hi"}
    product.api.post(("chat", ANN), message=message)
    product.api.post(("chat", ANN), edited_message=message)
    product.api.run()
    assert product.api.ran == []


def test_whoever_blocks_the_bot_leaves_no_draft_and_starts_anew(product: Product) -> None:
    product.reach(ANN, "English", "I'm 24", "I agree")
    product.api.block(ANN)
    product.api.run()
    assert product.api.answered[-1][1] == 200
    with product.service.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM conversations").scalar() == 0
        assert connection.exec_driver_sql("SELECT count(*) FROM answers").scalar() == 0
    product.api.block(ANN, blocked=False)
    ran = len(product.api.ran)
    product.api.run()
    assert len(product.api.ran) == ran
    assert words.say(None, "greeting")[:20] in product.says(ANN, "hi")


def test_a_block_that_is_told_late_ends_nothing_that_was_begun_after_it(product: Product) -> None:
    product.reach(ANN, "English", "I'm 24", "I agree")
    product.api.block(ANN)
    # It happened an hour ago, and its queue is only delivered now.
    product.api.queues[("block", ANN)][0].update["my_chat_member"]["date"] -= 3600
    product.api.run()
    product.api.chat(ANN).blocked = False
    assert words.say("en", "ask.image_age")[:30] in product.says(ANN, "of me")


def test_somebody_unknown_who_blocks_the_bot_or_edits_an_old_message_begins_nothing(product: Product) -> None:
    product.api.block(ANN)
    product.api.edit(ANN, 7, text="something")
    product.api.run()
    assert product.api.ran == []
    with product.service.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM conversations").scalar() == 0
    product.api.chat(ANN).blocked = False
    product.api.edit(ANN, 7, text="I want to kill myself")
    product.api.run()
    assert "18111" in product.api.chat(ANN).said()[-1]


def test_whoever_wrote_a_lot_while_we_were_away_is_heard(product: Product) -> None:
    product.restart(TADA_RATE_LIMITS="on")
    product.reach(ANN, "English")
    began = product.api.now - 3600
    for minute in range(60):
        product.api.send(ANN, "hm", date=int(began + minute * 60))
    product.api.run()
    said = product.api.chat(ANN).said()
    assert len(said) == 62
    assert not any(words.say("en", "error.rate") in text for text in said)


def test_a_web_process_loads_nothing_of_the_library(product: Product) -> None:
    program = (
        "import sys, webhook; webhook.create_app()\n"
        "assert 'bot.telegram' in sys.modules\n"
        "print([name for name in ('telegram', 'httpx', 'dbos', 'asyncio') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=product.service.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() in ("[]", "['asyncio']")
