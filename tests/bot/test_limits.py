"""Floods are asked to wait; words of danger and the wish to stop never are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import (
    ADDRESSES_REMEMBERED,
    CONVERSATIONS_A_DAY,
    CONVERSATIONS_AN_HOUR,
    MESSAGES_A_MINUTE,
    Limits,
    Wait,
    cannot_wait,
)
from flows.vocabulary import Heard


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def message(text: str = "hello", address: str = "a", kind: str = "text") -> Heard:
    return Heard("whatsapp", address, id="1", kind=kind, text=text)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> Limits:
    return Limits(clock=clock)


def test_the_twenty_first_message_of_a_minute_waits_until_the_first_is_a_minute_old(
    limits: Limits, clock: Clock
) -> None:
    for _ in range(MESSAGES_A_MINUTE):
        assert limits.check(message()) is None
        clock.now += 1
    assert limits.check(message()) == Wait("rate", 40)
    clock.now += 40
    assert limits.check(message()) is None


def test_what_must_wait_is_not_counted(limits: Limits, clock: Clock) -> None:
    for _ in range(MESSAGES_A_MINUTE * 3):
        limits.check(message())
    clock.now += 60
    assert limits.check(message()) is None


def test_one_address_does_not_hold_up_another(limits: Limits) -> None:
    for _ in range(MESSAGES_A_MINUTE + 1):
        limits.check(message(address="a"))
    assert limits.check(message(address="b")) is None


def test_the_same_address_in_two_channels_is_two(limits: Limits) -> None:
    for _ in range(MESSAGES_A_MINUTE + 1):
        limits.check(message(address="a"))
    assert limits.check(Heard("telegram", "a", id="1", text="hello")) is None


def test_a_lasting_address_begins_three_conversations_a_day(limits: Limits, clock: Clock) -> None:
    for _ in range(CONVERSATIONS_A_DAY):
        assert limits.check(message(), begins=True) is None
    assert limits.check(message(), begins=True) == Wait("rate", 86_400)
    assert limits.check(message()) is None
    clock.now += 86_400
    assert limits.check(message(), begins=True) is None


def test_everybody_together_begins_three_hundred_an_hour(limits: Limits, clock: Clock) -> None:
    for number in range(CONVERSATIONS_AN_HOUR):
        assert limits.check(message(address=str(number)), begins=True, lasting=False) is None
    assert limits.check(message(address="late"), begins=True, lasting=False) == Wait("busy", 3600)
    assert limits.check(message(address="0")) is None  # who has begun goes on


@pytest.mark.parametrize("text", ["I want to kill myself", "我想死", "stop", "停", "全部刪除"])
def test_danger_and_stopping_are_answered_before_any_limit(limits: Limits, text: str) -> None:
    for _ in range(MESSAGES_A_MINUTE + 1):
        limits.check(message())
    assert limits.check(message()) is not None
    assert limits.check(message(text)) is None


def test_the_stop_of_a_provider_is_answered_before_any_limit() -> None:
    assert cannot_wait(message(kind="stop"))


def test_limits_can_be_off_for_measurements() -> None:
    limits = Limits(enabled=False)
    assert all(limits.check(message(), begins=True) is None for _ in range(1000))


def test_a_flood_of_addresses_does_not_grow_the_memory(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.ADDRESSES_REMEMBERED", 100)
    for number in range(1000):
        limits.check(message(address=str(number)))
    assert len(limits._messages._windows) == 100 < ADDRESSES_REMEMBERED


@given(st.text(), st.text())
def test_no_text_and_no_address_raises(text: str, address: str) -> None:
    limits = Limits(clock=lambda: 0.0)
    for _ in range(MESSAGES_A_MINUTE + 1):
        limits.check(message(text, address))
