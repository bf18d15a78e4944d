"""Floods are asked to wait; words of danger and the wish to stop never are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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
from bot.receive import TooMany
from flows.vocabulary import Heard

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)


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
    return Limits(clock=clock, today=lambda: NOW + timedelta(seconds=clock.now - 1000))


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


def delivered(number: int, minutes_ago: float = 0) -> Heard:
    """A message as a provider brings it."""
    return replace(message(), id=str(number), sent_at=NOW - timedelta(minutes=minutes_ago))


def test_whoever_wrote_while_we_were_away_is_not_told_that_they_write_too_fast(limits: Limits) -> None:
    for number in range(90):
        assert limits.check(delivered(number, minutes_ago=10 - number / 10)) is None


def test_what_was_sent_too_fast_is_so_however_late_it_comes(limits: Limits) -> None:
    for number in range(MESSAGES_A_MINUTE):
        assert limits.check(delivered(number, minutes_ago=60)) is None
    assert limits.check(delivered(99, minutes_ago=60)) == Wait("rate", 60)
    assert limits.check(delivered(100)) is None


@pytest.mark.parametrize("ahead", [1, 10_000])
def test_a_clock_that_is_behind_the_providers_makes_nobody_wait(limits: Limits, ahead: float) -> None:
    assert limits.check(delivered(1, minutes_ago=-ahead)) is None
    assert limits.check(delivered(2)) is None


def test_what_is_delivered_once_more_is_not_counted_again(limits: Limits) -> None:
    for _ in range(3):
        for number in range(MESSAGES_A_MINUTE):
            assert limits.check(delivered(number)) is None
    assert limits.check(delivered(99)) is not None


def test_nobody_is_told_twice_for_one_message(limits: Limits, clock: Clock) -> None:
    for number in range(MESSAGES_A_MINUTE):
        limits.check(delivered(number, minutes_ago=30))
    late = delivered(99, minutes_ago=30)
    waits = []
    for _ in range(3):
        waits.append(limits.check(late))
        clock.now += 300
    assert waits == [Wait("rate", 60), *[Wait("rate", 60, first=False)] * 2]


def test_who_cannot_begin_is_told_so_once_a_minute(limits: Limits, clock: Clock) -> None:
    for number in range(CONVERSATIONS_AN_HOUR):
        limits.check_beginning(message(address=str(number)))
    told = []
    for number in range(4):
        with pytest.raises(TooMany) as refused:
            limits.check_beginning(replace(message(address="late"), id=str(number)))
        told.append(refused.value.first)
        clock.now += 20
    assert told == [True, False, False, True]


@pytest.mark.parametrize("text", ["I want to kill myself", "我想死", "stop", "停", "全部刪除"])
def test_danger_and_stopping_are_answered_before_any_limit(limits: Limits, text: str) -> None:
    for _ in range(MESSAGES_A_MINUTE + 1):
        limits.check(message())
    assert limits.check(message()) is not None
    assert limits.check(message(text)) is None


def test_and_whoever_is_in_danger_may_always_begin(limits: Limits) -> None:
    for number in range(CONVERSATIONS_AN_HOUR):
        limits.check_beginning(message(address=str(number)))
    with pytest.raises(TooMany):
        limits.check_beginning(message(address="late"))
    limits.check_beginning(message("I want to kill myself", address="late"))


def test_the_stop_of_a_provider_is_answered_before_any_limit() -> None:
    assert cannot_wait(message(kind="stop"))


def test_the_limits_are_those_of_the_threat_model() -> None:
    assert (MESSAGES_A_MINUTE, CONVERSATIONS_A_DAY, CONVERSATIONS_AN_HOUR) == (20, 3, 300)


def test_who_wrote_cannot_be_read_out_of_the_memory(limits: Limits) -> None:
    heard = message(address="canary-85291234567")
    limits.check(heard, begins=True)
    names = set(limits._messages._windows) | set(limits._conversations._windows)
    assert len(names) == 1
    assert b"canary" not in names.pop()
    # Nor told by who has a list of numbers: each process has a key of its own.
    assert limits._name(heard) != Limits()._name(heard)


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
