"""What holds for every channel alike: one list of deliveries and failures, each on a real instance."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot import receive
from bot.access import ACCESS, Caller
from flows.turn import turn
from locales import Words
from settings import Settings
from storage.casetelling import Case
from storage.line import Line
from tests.channels.conftest import Away, held, rows_kept
from tests.channels.harness import Channel, Delivery, Person, Shown, units
from tests.channels.payloads import FORM, HOSTILE, JSON, filled, left_out, retyped
from tests.channels.registry import CHANNELS
from tests.promises.conftest import Service
from webhook import LARGER_BODIES, LARGEST_BODY

CONVERSATIONS = Path(__file__).parent.parent / "conversations" / "whole"
BOTH = pytest.mark.parametrize("service", ["sqlite_url", "postgresql_url"], indirect=True)

PROVIDED = [each for each in CHANNELS if each.forged is not None]
REPEATING = [each for each in CHANNELS if each.again]
POSTED = [each for each in CHANNELS if each.rule]


def of(channels: list[Channel]) -> pytest.MarkDecorator:
    """Run for these channels alone: the others have no provider, or none that sends again."""
    return pytest.mark.parametrize("channel", channels, indirect=True, ids=lambda each: each.name)


def typed(conversation: str) -> list[str]:
    """What is written, message by message, in one of the whole conversations."""
    turns = tomllib.loads((CONVERSATIONS / f"{conversation}.toml").read_text(encoding="utf-8"))["turn"]
    return [turn["hears"] for turn in turns if "hears" in turn]


ENGLISH = typed("en_by_text")
TO_THE_STORY = ENGLISH[: ENGLISH.index("He posted them after we broke up.")]


def sent(channel: Channel, person: Person, delivery: Delivery) -> Shown:
    """Deliver one message that is in order; what comes back fits into the channel."""
    shown = person.deliver(delivery)
    assert shown.status == 200
    for text in shown.texts:
        assert 0 < units(text) <= channel.most
    return shown


def wrote(channel: Channel, person: Person, *words: str) -> list[str]:
    """Send messages one after the other, and return what each was answered."""
    return [sent(channel, person, person.text(each)).text for each in words]


def joined(channel: Channel, service: Service, number: int, *words: str) -> Person:
    """Somebody who has come, been greeted, and written this."""
    person = channel.join(service, number)
    assert person.begin().texts
    wrote(channel, person, *words)
    return person


def told(case: Case) -> dict[str, Any]:
    """What a case holds that does not differ from one to the next."""
    whole = case.as_json()
    del whole["fields"]["consent"]["at"]
    return {"fields": whole["fields"], "links": [link["url"] for link in whole["links"]]}


# ------------------------------------------------------------------ every channel is here


def test_every_channel_of_the_application_has_its_harness_here(service: Service) -> None:
    routes = {rule for (_, rule), caller in ACCESS.items() if caller is Caller.PROVIDER}
    tested = {each.rule for each in CHANNELS if each.rule}
    assert {rule for rule in routes if not any(rule in (own, f"{own}/status") for own in tested)} == set()

    settings = {name for name, each in Settings.__dataclass_fields__.items() if each.default is None}
    optional = {name.upper() for name in settings & {"twilio", "telegram", "cloud"}}
    given = {name.split("_")[1] for each in CHANNELS for name in each.settings}
    assert optional - given == set()


# ------------------------------------------------------------------ the conversation


@pytest.mark.parametrize("conversation", ["en_by_text", "zh_by_text"])
def test_a_whole_conversation_ends_in_the_same_case_whatever_it_comes_by(
    service: Service, channel: Channel, conversation: str
) -> None:
    reference = next(each for each in CHANNELS if each.name == "terminal")
    last = []
    for number, each in enumerate((reference, channel)):
        answers = wrote(each, joined(each, service, number), *typed(conversation))
        assert all(answers)
        last.append(answers[-1])
    expected, case = service.cases()
    assert told(case) == told(expected)
    assert [expected.reference in last[0], case.reference in last[1]] == [True, True]


def test_a_choice_that_is_pressed_is_an_answer(service: Service, channel: Channel) -> None:
    presser, typist = (joined(channel, service, number, "English") for number in (1, 2))
    label = Words.load().label("en", "choice.age.16_or_above")
    pressed = sent(channel, presser, presser.press("age", "16_or_above", label))
    assert pressed.text == sent(channel, typist, typist.text("I'm 24")).text


@BOTH
@of(POSTED)
def test_each_message_is_one_commit_and_the_same_again_none(service: Service, channel: Channel) -> None:
    person = channel.join(service, 1)
    seen: list[str] = []

    def commits() -> int:
        """How many there were since the last call. PostgreSQL's one statement, alone, is one."""
        told, begun, found = list(seen), False, 0
        seen.clear()
        for statement in told:
            begun = statement.startswith("BEGIN") or (begun and statement != "COMMIT")
            found += statement == "COMMIT" or (statement.startswith("WITH changed AS") and not begun)
        return found

    def on_a_line(on: object, _: object, statement: str, *rest: object) -> None:
        if isinstance(on, Line):
            seen.append(statement)

    with (
        listening_to("commit", lambda _: seen.append("COMMIT")),
        listening_to("before_cursor_execute", on_a_line),
    ):
        person.begin()
        assert commits() == 1
        for words in ENGLISH:
            delivery = person.text(words)
            sent(channel, person, delivery)
            assert commits() == 1, words
            if channel.again and words != ENGLISH[-1]:  # a page has ended with that
                person.deliver(delivery)
                assert commits() == 0, words


@contextmanager
def listening_to(name: str, listener: Callable[..., None]) -> Iterator[None]:
    """Have every database tell of what happens there."""
    event.listen(Engine, name, listener)
    try:
        yield
    finally:
        event.remove(Engine, name, listener)


def test_people_do_not_get_in_each_others_way(service: Service, channel: Channel) -> None:
    people = [joined(channel, service, number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda person: wrote(channel, person, *TO_THE_STORY), people))
    assert all(each == answers[0] for each in answers)


# ------------------------------------------------------------------ whose it is


@of(PROVIDED)
def test_what_is_not_the_providers_is_refused_and_nothing_of_it_is_kept(
    service: Service, channel: Channel
) -> None:
    person = joined(channel, service, 1, "English")
    genuine = person.text("I'm 24")
    before = rows_kept(service)
    statuses = {what: person.deliver(each).status for what, each in person.forged(genuine)}
    assert set(statuses.values()) == {channel.forged}, statuses
    assert rows_kept(service) == before
    assert sent(channel, person, genuine).texts


@of(PROVIDED)
def test_what_is_meant_for_another_account_is_not_taken(service: Service, channel: Channel) -> None:
    person = joined(channel, service, 1, "English")
    before = rows_kept(service)
    for astray in person.astray():
        shown = person.deliver(astray)
        assert shown.status in (200, channel.forged)
        assert shown.texts == ()
    assert rows_kept(service) == before


@of([each for each in PROVIDED if each.secret])
def test_while_its_secret_is_changed_a_provider_is_believed_by_both_and_afterwards_by_the_new_alone(
    service: Service, channel: Channel, start_again: Callable[[dict[str, str]], None]
) -> None:
    person = joined(channel, service, 1, "English")
    old = "_".join((*channel.secret.split("_", 2)[:2], "OLD", channel.secret.split("_", 2)[2]))
    present, another = channel.settings[channel.secret], "another-secret-of-nobody"
    for secrets in ({channel.secret: another, old: present}, {channel.secret: present, old: another}):
        start_again(secrets)
        assert sent(channel, person, person.text("hmm")).texts
    start_again({channel.secret: another})
    before = rows_kept(service)
    assert person.deliver(person.text("hmm")).status == channel.forged
    assert rows_kept(service) == before


# ------------------------------------------------------------------ the same again


def same(channel: Channel, first: Shown, again: Shown) -> bool:
    return again == (Shown(first.status) if channel.later else first)


@of(REPEATING)
def test_what_is_delivered_again_has_the_same_answer_and_makes_no_second_step(
    service: Service, channel: Channel
) -> None:
    once, twice = joined(channel, service, 1), joined(channel, service, 2)
    for words in ENGLISH:
        delivery = twice.text(words)
        first = sent(channel, twice, delivery)
        assert same(channel, first, twice.deliver(delivery))
        expected = sent(channel, once, once.text(words))
        if words != ENGLISH[-1]:  # a reference and a code are nobody else's
            assert first == expected
    case, other = service.cases()
    assert told(case) == told(other)


@BOTH
@of(REPEATING)
def test_the_same_ten_times_at_once_is_one_message(service: Service, channel: Channel) -> None:
    once, often = joined(channel, service, 1, "English"), joined(channel, service, 2, "English")
    delivery = often.text("I'm 24")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: often.deliver(delivery), range(10)))
    expected = sent(channel, once, once.text("I'm 24"))
    if channel.later:
        assert sorted(answers, key=lambda shown: shown.texts) == [Shown(200)] * 9 + [expected]
    else:
        assert answers == [expected] * 10
    assert wrote(channel, often, "I agree") == wrote(channel, once, "I agree")


@BOTH
def test_two_messages_of_the_same_moment_are_both_kept_in_whichever_order_they_come(
    service: Service, channel: Channel
) -> None:
    person = joined(channel, service, 1, *TO_THE_STORY)
    said = [f"Something else happened, number {number}." for number in range(6)]
    for each in (said[:2], said[2:4], said[4:]):
        ready = [person.text(words) for words in each]
        start = threading.Barrier(2)

        def deliver(delivery: Delivery, start: threading.Barrier = start) -> Shown:
            start.wait()
            return person.deliver(delivery)

        with ThreadPoolExecutor(2) as pool:
            assert [shown.status for shown in pool.map(deliver, ready)] == [200, 200]
    wrote(channel, person, "done", "https://www.example.com/v/1", "that's all", "1")
    (case,) = service.cases()
    story = case.as_json()["fields"]["story"]
    assert [story.count(words) for words in said] == [1] * len(said)


# ------------------------------------------------------------------ what cannot be read


def test_what_nobody_knows_is_answered_and_the_conversation_stands(
    service: Service, channel: Channel
) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    for unknown in person.unknown():
        assert person.deliver(unknown).status in channel.unreadable
    assert wrote(channel, person, "I'm 24") == wrote(channel, other, "I'm 24")


@of(POSTED)
def test_each_field_may_be_missing(service: Service, channel: Channel) -> None:
    person = joined(channel, service, 1, "English")
    whole = person.text("hmm")
    for name, body in left_out(whole.body, whole.content_type):
        status = person.deliver(person.proved(body)).status
        assert status in channel.unreadable | {channel.forged}, name
    assert sent(channel, person, person.text("hmm")).texts


@of([each for each in POSTED if each.name != "whatsapp"])
def test_each_field_may_be_of_another_type(service: Service, channel: Channel) -> None:
    person = joined(channel, service, 1, "English")
    whole = person.text("hmm")
    for name, body in retyped(whole.body):
        assert person.deliver(person.proved(body)).status in channel.unreadable | {channel.forged}, name
    assert sent(channel, person, person.text("hmm")).texts


@of(POSTED)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_each_field_may_hold_anything(service: Service, channel: Channel, hostile: str) -> None:
    person = joined(channel, service, 1, "English")
    whole = person.text("hmm")
    for name, body in filled(whole.body, whole.content_type, hostile):
        shown = person.deliver(person.proved(body))
        assert shown.status in channel.unreadable | {channel.forged}, name
        assert not hostile.strip() or hostile not in shown.text
    assert sent(channel, person, person.text("hmm")).texts


@pytest.mark.parametrize("hostile", [*HOSTILE.values(), "長" * 100_000], ids=[*HOSTILE, "far too long"])
def test_words_may_be_anything(service: Service, channel: Channel, hostile: str) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    shown = person.deliver(person.text(hostile))
    assert shown.status in channel.unreadable | {413}
    assert all(units(text) <= channel.most for text in shown.texts)
    assert wrote(channel, person, "I'm 24") == wrote(channel, other, "I'm 24")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"{",
        b"null",
        b"[]",
        b"%FF%FE=%C0%80",
        "你好".encode("big5"),
        b"[" * 30_000,
        b"1e999",
    ],
)
def test_a_body_may_be_anything(service: Service, channel: Channel, body: bytes) -> None:
    person = joined(channel, service, 1, "English")
    assert person.deliver(person.proved(body)).status in channel.unreadable | {channel.forged}
    assert sent(channel, person, person.text("hmm")).texts


@of(POSTED)
@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", FORM, JSON, ""])
def test_a_body_may_be_said_to_be_of_any_type(service: Service, channel: Channel, content_type: str) -> None:
    person = joined(channel, service, 1, "English")
    shown = person.deliver(person.text("hmm").but(content_type=content_type))
    assert shown.status in channel.unreadable | {channel.forged, 415}


@of(POSTED)
def test_what_is_larger_than_any_message_is_refused_unread(service: Service, channel: Channel) -> None:
    person = joined(channel, service, 1, "English")
    before = rows_kept(service)
    too_much = LARGER_BODIES.get(channel.rule, LARGEST_BODY) + 1
    for body in (b'{"a": "' + b"x" * too_much + b'"}', b"Body=" + b"x" * too_much):
        assert person.deliver(person.proved(body)).status == channel.too_large
    assert rows_kept(service) == before


# ------------------------------------------------------------------ pictures and the rest


@of([each for each in CHANNELS if each.kinds])
def test_what_is_no_text_is_refused_kindly_and_never_fetched(service: Service, channel: Channel) -> None:
    """Nobody is called, and no name, caption or place is kept: `service` looks at the end of every test."""
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    for kind in channel.kinds:
        assert sent(channel, person, person.kind(kind)).texts, kind
    assert wrote(channel, person, "I'm 24") == wrote(channel, other, "I'm 24")


@of([each for each in CHANNELS if each.kinds])
def test_what_is_no_text_is_refused_in_the_language_of_the_person(service: Service, channel: Channel) -> None:
    english, chinese = (
        joined(channel, service, number, language) for number, language in ((1, "English"), (2, "中文"))
    )
    in_english, in_chinese = (sent(channel, each, each.kind("picture")).text for each in (english, chinese))
    assert any("\u4e00" <= sign <= "\u9fff" for sign in in_chinese)
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in in_english)


def test_a_message_that_is_changed_later_loses_nothing(service: Service, channel: Channel) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    earlier = person.text("I'm 24")
    sent(channel, person, earlier)
    wrote(channel, other, "I'm 24")
    edit = person.edit(earlier, "I'm 25")
    if edit is not None:
        assert person.deliver(edit).status == 200
    assert wrote(channel, person, "I agree") == wrote(channel, other, "I agree")


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_a_changed_message_says_now_is_an_answer_with_a_yes_alone(
    service: Service, channel: Channel, answer: str
) -> None:
    before = ENGLISH[: ENGLISH.index("Kit")]
    person = joined(channel, service, 1, *before)
    earlier = person.text("?!")
    assert sent(channel, person, earlier).texts
    edit = person.edit(earlier, "Kim")
    if edit is not None:
        asked = sent(channel, person, edit).text
        assert Words.load().say("en", "keep_text.ask.edited", {"field": "Name"}) in asked
        wrote(channel, person, answer)
    wrote(channel, person, *(["Kit"] if edit is None or answer == "no" else []))
    wrote(channel, person, *ENGLISH[ENGLISH.index("Kit") + 1 :])
    (case,) = service.cases()
    assert case.as_json()["fields"]["name"] == ("Kim" if edit is not None and answer == "yes" else "Kit")


# ------------------------------------------------------------------ bad days


@of(PROVIDED)
@pytest.mark.usefixtures("rate_limits")
def test_a_flood_of_one_person_is_told_once_to_wait_and_words_of_danger_are_heard(
    service: Service, channel: Channel
) -> None:
    person = channel.join(service, 1)
    assert person.begin().texts
    shown = [person.deliver(person.text("English")) for _ in range(40)]
    assert {each.status for each in shown} <= {200, channel.flooded}
    wait = Words.load().say(None, "error.rate")
    told = [each for each in shown if any(line in each.text for line in wait.splitlines() if line)]
    assert len(told) == (1 if channel.flooded == 200 else len([each for each in shown if each.status != 200]))
    assert 0 < len(told) < 40
    assert sent(channel, person, person.text("He is going to kill me, I am in danger")).texts


def test_a_slow_store_is_waited_for(service: Service, channel: Channel) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    delivery = person.text("I'm 24")
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        with held(service):
            waiting = pool.submit(sent, channel, person, delivery)
            time.sleep(0.2)
        shown = waiting.result()
    assert 0.2 <= time.monotonic() - began < 5
    assert shown == sent(channel, other, other.text("I'm 24"))


def test_while_the_store_is_away_nothing_is_acknowledged_and_the_next_delivery_is_taken(
    service: Service, channel: Channel, store_away: Away
) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))
    delivery = person.text("I'm 24")
    before = rows_kept(service)
    with store_away():
        for _ in range(2):
            shown = person.deliver(delivery)
            assert (shown.status, bool(shown.texts)) == channel.away
    away = Words.load().say("en", "error.store_away").splitlines()[0]
    assert not shown.texts or away in shown.text or Words.load().say(None, "error.store_away") in shown.text
    assert rows_kept(service) == before
    assert sent(channel, person, delivery) == sent(channel, other, other.text("I'm 24"))


def test_a_defect_of_ours_is_told_kindly_and_the_conversation_stands(
    service: Service, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = (joined(channel, service, number, "English") for number in (1, 2))

    def fail(*_: Any) -> Any:
        raise RuntimeError("canary: what somebody wrote")

    monkeypatch.setattr(receive, "turn", fail)
    shown = sent(channel, person, person.text("I'm 24"))
    assert Words.load().say("en", "error.handler").splitlines()[0] in shown.text
    monkeypatch.setattr(receive, "turn", turn)
    assert wrote(channel, person, "I'm 24") == wrote(channel, other, "I'm 24")
