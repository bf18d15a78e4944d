"""A provider is asked no more than it can take, and left in peace when it is down."""

from __future__ import annotations

from bot.pacing import FAILURES, PEACE_SECONDS, Pace, Provider, provider_of


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def provider(at_once: int = 4, a_second: float = 1000) -> tuple[Provider, Clock]:
    clock = Clock()
    made = Provider(Pace(at_once, a_second), clock)
    clock.now += 1
    return made, clock


def fail(provider: Provider, times: int) -> None:
    for n in range(times):
        provider.begin(f"failing-{n}")
        provider.end(f"failing-{n}", answered=False)


def test_the_provider_is_what_stands_before_the_dot() -> None:
    assert [provider_of(kind) for kind in ("twilio.delete", "telegram.send.part", "x")] == [
        "twilio",
        "telegram",
        "x",
    ]


def test_only_so_many_run_at_once() -> None:
    telegram, clock = provider(at_once=2)
    telegram.begin("a")
    telegram.begin("a")
    assert telegram.room() == 1
    telegram.begin("b")
    assert telegram.room() == 0
    telegram.end("a", answered=True)
    clock.now += 1
    assert telegram.room() == 1


def test_only_so_many_are_begun_in_a_second() -> None:
    telegram, clock = provider(at_once=1000, a_second=25)
    begun = 0
    for tick in range(400):
        for n in range(telegram.room()):
            telegram.begin(f"{tick}-{n}")
            telegram.end(f"{tick}-{n}", answered=True)
            begun += 1
        clock.now += 0.01
    assert 95 <= begun <= 107  # in four seconds


def test_after_five_failures_in_a_row_it_is_left_in_peace() -> None:
    twilio, clock = provider()
    fail(twilio, FAILURES - 1)
    twilio.begin("well")
    twilio.end("well", answered=True)
    fail(twilio, FAILURES - 1)
    clock.now += 1
    assert twilio.room() > 0
    fail(twilio, 1)
    assert twilio.room() == 0
    clock.now += PEACE_SECONDS - 1
    assert twilio.room() == 0


def test_then_one_alone_finds_out_whether_it_is_back() -> None:
    twilio, clock = provider()
    fail(twilio, FAILURES)
    clock.now += PEACE_SECONDS
    assert twilio.room() == 1
    twilio.begin("probe")
    assert twilio.room() == 0

    twilio.end("probe", answered=False)
    assert twilio.room() == 0
    clock.now += PEACE_SECONDS
    twilio.begin("probe again")
    twilio.end("probe again", answered=True)
    clock.now += 1
    assert twilio.room() == 4


def test_a_probe_of_which_nothing_came_is_followed_by_another() -> None:
    twilio, clock = provider()
    fail(twilio, FAILURES)
    clock.now += PEACE_SECONDS
    twilio.begin("probe")
    twilio.end("probe", answered=None)
    assert twilio.room() == 1
