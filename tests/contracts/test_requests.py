"""Every request that the real clients make, and every answer of ours, is one that the provider's specification has.

Whole conversations and everything that is no text go through each channel; the errands they leave are run by the
clients that a worker runs them with, against the providers of the tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from bot.cloud import errands as cloud_errands
from bot.door import Door
from bot.errands import GiveUp, Runner, TryAgain
from bot.limits import Limits
from bot.receive import Reception
from bot.telegram import errands as telegram_errands
from bot.telegram import later as telegram_later
from bot.whatsapp import errands as twilio_errands
from bot.whatsapp.missed import rounds
from bot.whatsapp.writing import messages_later
from locales import Words
from settings import read_settings
from storage.errand_queue import ErrandQueue
from storage.errands import Errand
from storage.intake import Intake
from storage.setup import initialise
from tests.channels import cloud as cloud_channel
from tests.channels import telegram as telegram_channel
from tests.channels import twilio as twilio_channel
from tests.channels.harness import PUBLIC_URL, Channel, Person
from tests.channels.payloads import HOSTILE
from tests.channels.registry import CHANNELS
from tests.channels.test_every_channel import typed
from tests.contracts.conftest import read
from tests.contracts.recording import Asked, recording
from tests.contracts.specifications import BotApi, OpenApi
from tests.promises.conftest import Service, logged
from tests.providers.cloud import FakeGraph, serving
from tests.providers.telegram import BotApi as BotServer
from tests.providers.twilio import FakeTwilio
from tests.providers.twilio import serving as serving_twilio
from tests.tada.calling import run
from webhook import create_app

LEFT_OUT = {"getMyName", "getMyDescription", "getMyShortDescription"}
"""Methods that Telegram has and the folder has not: they tell what the methods beginning with `set` have set."""


@pytest.fixture
def service(tmp_path: Path, sqlite_url: str) -> Iterator[Service]:
    """An instance in which every channel is switched on."""
    initialise(tmp_path / "home", sqlite_url)
    environ = {"TADA_HOME": str(tmp_path / "home"), "TADA_DATABASE_URL": sqlite_url}
    environ |= {"TADA_RATE_LIMITS": "off", "TADA_PUBLIC_URL": PUBLIC_URL}
    for channel in CHANNELS:
        environ |= channel.settings
    with logged() as log:
        yield Service(tmp_path / "home", sqlite_url, environ, log, lambda: iter(()))


def talk(service: Service, channel: Channel) -> None:
    """Have people say and send all there is: two whole conversations, pictures, nonsense, and the wish to erase."""
    people = [channel.join(service, number) for number in range(4)]
    for person in people:
        person.begin()
    for person, conversation in zip(people, ("en_by_text", "zh_by_text"), strict=False):
        for words in typed(conversation):
            person.deliver(person.text(words))
    for person, language in zip(people[2:], ("English", "中文"), strict=True):
        _say_what_is_hard_to_answer(person, channel, language)


def _say_what_is_hard_to_answer(person: Person, channel: Channel, language: str) -> None:
    person.deliver(person.text(language))
    for kind in channel.kinds:
        person.deliver(person.kind(kind))
    for each in (
        *person.unknown(),
        person.edit(person.text("hm"), "hm"),
        *map(person.text, HOSTILE.values()),
    ):
        if each is not None:
            person.deliver(each)
    for words in ("20", "I agree" if language == "English" else "同意", "erase", "yes"):
        person.deliver(person.text(words))


def work(service: Service, runners: Mapping[str, Runner]) -> set[str]:
    """Run the errands that are kept, once each and whatever comes of it; return their kinds."""
    queue, ran = ErrandQueue(service.database, service.keys), set()
    # Soon, and once what has to rest for a while at the provider has rested.
    for wait in (timedelta(seconds=100), timedelta(minutes=30)):
        later = datetime.now(UTC) + wait
        for kind in runners:
            for taken in queue.take(kind, 1_000, later):
                opened = queue.opened(taken, later)
                assert opened is not None
                run_one(runners, opened.kind, opened.subject, opened.letter)
                ran.add(opened.kind)
    return ran


def run_one(runners: Mapping[str, Runner], kind: str, subject: str, letter: Mapping[str, Any]) -> None:
    """Run one errand; that the provider refuses it now is not what is looked at."""
    try:
        runners[kind](subject, letter)
    except (TryAgain, GiveUp):
        return


def also(runners: Mapping[str, Runner], errands: list[Errand]) -> set[str]:
    """Run errands that no conversation here has caused."""
    for each in errands:
        run_one(runners, each.kind, each.subject, each.letter or {})
    return {each.kind for each in errands}


# ------------------------------------------------------------------ Meta


def test_what_goes_to_meta_is_in_its_specification(service: Service, graph_api: OpenApi) -> None:
    given = cloud_channel.CLOUD.settings
    graph = FakeGraph(
        given["TADA_CLOUD_ACCESS_TOKEN"], given["TADA_CLOUD_APP_SECRET"], given["TADA_CLOUD_PHONE_NUMBER_ID"]
    )
    talk(service, cloud_channel.CLOUD)
    with serving(graph), recording(graph.base) as recorder:
        settings = read_settings(service.environ | {"TADA_CLOUD_API_BASE": recorder.url}).cloud
        assert settings
        runners = cloud_errands.runners(settings)
        assert work(service, runners) == set(runners)
    assert graph.complaints == []
    assert [found for each in recorder.asked for found in complaints(graph_api, each)] == []


def complaints(api: OpenApi, asked: Asked) -> list[str]:
    body = asked.body
    if asked.method == "POST":
        # The specification is older than people without a number.
        message = json.loads(body)
        body = json.dumps({"to": message.pop("recipient", None), **message}).encode()
    found = api.complaints(asked.method, asked.address, asked.content_type, body)
    return ["there is no such path"] if found is None else found


def test_what_the_suite_delivers_as_meta_is_in_its_specification(service: Service) -> None:
    """But for what it is older than: people known by an id alone, as in the samples."""
    schema = Draft202012Validator(read("meta_webhook_inbound_repaired.schema.json"))
    person = cloud_channel.CLOUD.join(service, 1)
    for delivery in (person.text("hi"), *map(person.kind, cloud_channel.CLOUD.kinds)):
        assert [error.message for error in schema.iter_errors(json.loads(delivery.body))] == []


# ------------------------------------------------------------------ Twilio


def test_what_goes_to_twilio_is_in_its_specification(
    service: Service, twilio_api: tuple[OpenApi, ...]
) -> None:
    twilio = FakeTwilio(
        lambda *_: (500, "", b""),
        "",
        account_sid=twilio_channel.ACCOUNT,
        auth_token=twilio_channel.TOKEN,
        number=twilio_channel.NUMBER,
    )
    with serving_twilio(twilio), recording(twilio.base) as recorder:
        service.environ |= {"TADA_TWILIO_API_BASE": recorder.url}
        for command in ("setup", "status"):
            run(service.home, "channel", "whatsapp", command, env=service.environ)
        talk(service, twilio_channel.TWILIO)
        service.environ |= {"TADA_TWILIO_BUTTONS": "on"}
        service.app = create_app(service.environ)
        twilio_channel.TWILIO.join(service, 9).begin()
        settings = read_settings(service.environ).twilio
        assert settings
        runners = twilio_errands.runners(settings)
        more = messages_later("", "whatsapp:+85200000001", ["the second part"], f"{PUBLIC_URL}/x")
        assert work(service, runners) | also(runners, more) == set(runners)
        words = Words.load()
        intake = Intake(service.database, service.keys, service.home / "erased")
        for look in rounds(settings, PUBLIC_URL, Door(Reception(intake, words), Limits()), words):
            look()
    assert twilio.complaints == []
    assert {asked.method for asked in recorder.asked} == {"GET", "POST", "DELETE"}
    wrong = {asked.address: twilio_complaints(twilio_api, asked) for asked in recorder.asked}
    assert {address: found for address, found in wrong.items() if found != []} == {}


def twilio_complaints(apis: tuple[OpenApi, ...], asked: Asked) -> list[str]:
    """With a base of one's own, both hosts of Twilio's are one: which is meant shows in the path."""
    found = [api.complaints(asked.method, asked.address, asked.content_type, asked.body) for api in apis]
    return next((each for each in found if each is not None), ["there is no such path"])


# ------------------------------------------------------------------ Telegram


def test_what_goes_to_telegram_is_in_its_specification(
    service: Service, bot_api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[dict[str, Any]] = []

    answer = service.app.wsgi_app

    def noting(environ: dict[str, Any], start: Any) -> list[bytes]:
        body = b"".join(answer(environ, start))
        if body:
            answered.append(json.loads(body))
        return [body]

    monkeypatch.setattr(service.app, "wsgi_app", noting)
    talk(service, telegram_channel.TELEGRAM)
    with BotServer(telegram_channel.TOKEN) as server, recording(server.url) as recorder:
        service.environ["TADA_TELEGRAM_API_BASE"] = recorder.url
        settings = read_settings(service.environ).telegram
        assert settings
        runners = telegram_errands.runners(settings)
        ran = work(service, runners) | also(
            runners, [telegram_later.answer_press("1"), *telegram_later.send(1, ["第二部分"])]
        )
        assert ran == set(runners)
        for command in ("setup", "status"):
            run(service.home, "channel", "telegram", command, env=service.environ)

    calls = [(asked.address.rpartition("/")[2], asked) for asked in recorder.asked]
    assert {"setWebhook", "setMyCommands", "deleteMessage", "sendMessage"} <= {method for method, _ in calls}
    wrong = [
        found
        for method, asked in calls
        if method not in LEFT_OUT
        for found in bot_api.complaints(method, bot_api.parameters(method, asked.content_type, asked.body))
    ]
    assert wrong == []
    assert answered
    assert [found for each in answered for found in bot_api.complaints(each.pop("method"), each)] == []


def test_what_the_suite_delivers_as_telegram_is_in_its_specification(
    service: Service, bot_api: BotApi
) -> None:
    person = telegram_channel.TELEGRAM.join(service, 1)
    edit = person.edit(person.text("hi"), "ho")
    assert edit
    for delivery in (person.text("hi"), edit, *map(person.kind, telegram_channel.TELEGRAM.kinds)):
        assert bot_api.of_type("Update", json.loads(delivery.body)) == []
