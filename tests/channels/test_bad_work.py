"""What every channel has done at its provider, on a bad day of the worker: a repeat is allowed, a loss is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.runners import runners
from settings import read_settings
from storage.errand_queue import HELD, ErrandQueue, Opened, Taken
from tests.channels.cloud import CLOUD
from tests.channels.harness import Channel
from tests.channels.telegram import TELEGRAM
from tests.channels.telegram import TOKEN as BOT_TOKEN
from tests.channels.twilio import ACCOUNT, TWILIO
from tests.channels.twilio import TOKEN as TWILIO_TOKEN
from tests.promises.conftest import Service
from tests.providers import cloud, twilio
from tests.providers.telegram import BotApi


@contextmanager
def provider(channel: Channel) -> Iterator[str]:
    """The stand-in for the provider of a channel, by the address of its API."""
    if channel is TELEGRAM:
        with BotApi(BOT_TOKEN) as bot:
            bot.chat(5_200_000_001)
            yield bot.url
    elif channel is TWILIO:
        account = twilio.FakeTwilio(lambda *_: (0, "", b""), "", None, ACCOUNT, TWILIO_TOKEN)
        with twilio.serving(account):
            yield account.base
    else:
        token, secret, _, sender = channel.settings.values()
        graph = cloud.FakeGraph(token, secret, sender)
        with cloud.serving(graph):
            yield graph.base


@pytest.mark.parametrize("channel", [TWILIO, TELEGRAM, CLOUD], ids=lambda each: each.name)
def test_a_worker_killed_between_the_answer_of_a_provider_and_our_commit_loses_nothing(
    service: Service, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "PAIR_SECONDS", 0)  # its clock stands still
    person = channel.join(service, 1)
    person.begin()
    assert person.deliver(person.kind("picture")).status == 200
    name = next(iter(channel.settings)).split("_")[1]
    queue, now = ErrandQueue(service.database, service.keys), datetime.now(UTC) + timedelta(hours=1)
    with provider(channel) as base:
        run = runners(read_settings(service.environ | {f"TADA_{name}_API_BASE": base}))

        def begin() -> list[tuple[Taken, Opened]]:
            """Take what is due, and do it at the provider."""
            taken = [each for kind in queue.due(list(run), now) for each in queue.take(kind, 100, now)]
            opened = [(each, errand) for each in taken if (errand := queue.opened(each, now))]
            for _, errand in opened:
                run[errand.kind](errand.subject, errand.letter)
            return opened

        while killed := begin():
            assert begin() == []
            now += HELD
            again = begin()
            assert [errand for _, errand in again] == [errand for _, errand in killed]
            for taken, _ in again:
                queue.done(taken)
    assert queue.waiting(now) == {}
