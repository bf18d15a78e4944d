"""`tada channel telegram` against a Bot API server, with the real library in between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

import tada.telegram_poll
from bot import outbound
from bot.telegram.updates import ALLOWED, COMMANDS
from locales import Words
from storage.errors import StoreAway
from storage.intake import Intake
from tests.providers.telegram import BotApi
from tests.providers.telegram_account import Refusal
from tests.tada.calling import run

TOKEN = "4200000000:AAnobodysTokenAtAll-not-real_00000"
SECRET = "a_secret-of-nobody_at-all"
ANN = 5_200_000_001
ADDRESS = "https://chat.example.org/webhooks/telegram"

Call = Callable[..., Result]


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(TOKEN) as api:
        yield api


@pytest.fixture
def call(home: Path, api: BotApi) -> Call:
    """Call `tada channel telegram`, with a bot in the settings."""

    def called(*arguments: str, typed: str | None = None, **environ: str) -> Result:
        env = {
            "TADA_TELEGRAM_TOKEN": TOKEN,
            "TADA_TELEGRAM_SECRET": SECRET,
            "TADA_TELEGRAM_API_BASE": api.url,
            "TADA_PUBLIC_URL": "https://chat.example.org",
            **environ,
        }
        result = run(home, "channel", "telegram", *arguments, typed=typed, env=env)
        assert TOKEN not in result.output
        assert SECRET not in result.output
        return result

    return called


# ------------------------------------------------------------------ setup


def test_setup_registers_the_webhook_and_keeps_what_people_wrote_meanwhile(api: BotApi, call: Call) -> None:
    api.send(ANN, "hi")
    result = call("setup")
    assert result.exit_code == 0, result.output
    assert api.registered["url"] == ADDRESS
    assert api.registered["secret_token"] == SECRET
    assert api.registered["allowed_updates"] == list(ALLOWED)
    assert api.registered["drop_pending_updates"] is False
    assert api.waiting() == 1
    assert "Allow Groups?" in result.output


def test_setup_says_everything_in_both_languages(api: BotApi, call: Call) -> None:
    words = Words.load()
    assert call("setup").exit_code == 0
    for code, language in (("", "en"), ("en", "en"), ("zh", "zh_Hant_HK")):
        assert [each["command"] for each in api.texts["commands", code]] == list(COMMANDS)
        assert api.texts["description", code] == words.say(language, "telegram_bot.description")  # type: ignore[arg-type]
        assert api.texts["short_description", code] == words.say(language, "telegram_bot.about")  # type: ignore[arg-type]
        assert api.texts["name", code] == words.say(language, "telegram_bot.name")  # type: ignore[arg-type]


def test_setup_again_changes_no_text_that_stands_already(api: BotApi, call: Call) -> None:
    call("setup")
    api.called.clear()
    assert call("setup").exit_code == 0
    assert {method for method, _ in api.called if method.startswith("setMy")} == {"setMyCommands"}


def test_setup_goes_on_where_telegram_lets_no_name_be_changed_now(api: BotApi, call: Call) -> None:
    api.fail("setMyName", Refusal(429, "Too Many Requests: retry after 80000", retry_after=80_000))
    result = call("setup")
    assert result.exit_code == 0
    assert "all other languages: Telegram asks us to wait" in result.output
    assert "Texts for zh are set." in result.output


@pytest.mark.parametrize(
    "url", ["", "http://chat.example.org", "https://localhost", "https://chat.example.org:9000"]
)
def test_setup_needs_an_address_that_telegram_can_reach(api: BotApi, call: Call, url: str) -> None:
    result = call("setup", TADA_PUBLIC_URL=url)
    assert result.exit_code == 1
    assert "TADA_PUBLIC_URL" in result.output
    assert api.called == []


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(401, "Unauthorized"), "does not know this token"),
        (Refusal(429, "Too Many Requests", retry_after=3), "asks us to wait"),
        (Refusal(500, "Internal Server Error"), "cannot be reached"),
        (None, "cannot be reached"),
    ],
)
def test_failures_are_told_in_plain_words(
    api: BotApi, call: Call, refusal: Refusal | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "LIMIT_SECONDS", 0.3)
    for command in ("setup", "status"):
        api.fail("getMe", refusal)
        result = call(command)
        assert result.exit_code == 1
        assert told in result.output


def test_without_a_bot_in_the_settings_each_command_says_so(home: Path) -> None:
    for command in ("setup", "status", "poll"):
        result = run(home, "channel", "telegram", command)
        assert result.exit_code == 1
        assert "TADA_TELEGRAM_TOKEN" in result.output


# ------------------------------------------------------------------ status


def test_status_says_when_all_is_well(call: Call) -> None:
    call("setup")
    result = call("status")
    assert result.exit_code == 0
    assert f"Messages are sent to {ADDRESS}, and arrive." in result.output


def test_status_says_when_no_webhook_is_registered(call: Call) -> None:
    result = call("status")
    assert result.exit_code == 1
    assert "Run: tada channel telegram setup" in result.output


def test_status_says_when_messages_go_elsewhere_or_some_do_not_come(api: BotApi, call: Call) -> None:
    api.registered = {"url": "https://old.example.org/x", "allowed_updates": ["message"]}
    result = call("status")
    assert result.exit_code == 1
    assert "old.example.org" in result.output
    assert "callback_query, edited_message, my_chat_member" in result.output


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Wrong response from the webhook: 403 Forbidden", "The secret is not the one"),
        ("Wrong response from the webhook: 503 Service Unavailable", "tada doctor"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "certificate is not valid"),
        ("Connection refused", "Nothing listens there"),
        ("Connection timed out", "does not answer"),
        ("Something new", "Telegram says: Something new"),
    ],
)
def test_status_says_what_to_do_about_failures(api: BotApi, call: Call, said: str, advice: str) -> None:
    call("setup")
    api.send(ANN, "hi")
    api.last_error = (api.now, said)
    result = call("status")
    assert result.exit_code == 1
    assert advice in result.output
    assert result.output.count(advice) == 1
    assert "1 updates wait" in result.output


def test_a_failure_that_is_over_is_not_held_against_it(api: BotApi, call: Call) -> None:
    call("setup")
    api.last_error = (api.now - 3600, "Connection refused")
    assert call("status").exit_code == 0


# ------------------------------------------------------------------ poll


@pytest.fixture(autouse=True)
def a_terminal_to_press_keys_in() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class UntilQuiet:
    """Presses Ctrl-C once everything was fetched and confirmed."""

    def __init__(self, api: BotApi) -> None:
        self._api, self._asked = api, 0
        api.on_call = self

    def __call__(self, method: str) -> None:
        self._asked += method == "getUpdates"
        if self._asked > 1 and method == "getUpdates" and self._api.chats and self._answered():
            self._api.on_call = lambda method: None
            os.kill(os.getpid(), signal.SIGINT)

    def _answered(self) -> bool:
        return any(chat.said() for chat in self._api.chats.values())


def test_poll_answers_what_people_write_and_ends_kindly(api: BotApi, call: Call) -> None:
    api.send(ANN, "/start")
    api.send(ANN, "English")
    api.send(ANN, "I'm 24")
    UntilQuiet(api)
    result = call("poll")
    assert result.exit_code == 0, result.output
    assert result.output.count("Answered one.") == 3
    assert "Stopped." in result.output
    words = Words.load()
    assert words.say("en", "ask.consent")[:40] in api.chat(ANN).said()[-1]
    assert api.waiting() == 0


def test_poll_takes_no_webhook_away_without_asking(api: BotApi, call: Call) -> None:
    call("setup")
    assert call("poll", typed="n\n").exit_code == 1
    assert api.registered["url"] == ADDRESS
    UntilQuiet(api)
    api.send(ANN, "/start")
    assert call("poll", typed="y\n").exit_code == 0
    assert api.registered["url"] == ""
    assert api.chat(ANN).said()


def test_poll_survives_a_bad_network(api: BotApi, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def nap(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(tada.telegram_poll, "_rest", nap)
    api.fail("getUpdates", Refusal(502, "Bad Gateway"), times=3)
    api.send(ANN, "/start")
    UntilQuiet(api)
    result = call("poll")
    assert "cannot be reached" in result.output
    assert len(api.chat(ANN).said()) == 1
    assert waited == [1, 2, 4]


def test_poll_confirms_nothing_that_could_not_be_kept(
    api: BotApi, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreAway

    async def give_up(seconds: float) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(5)

    monkeypatch.setattr(Intake, "take", away)
    monkeypatch.setattr(tada.telegram_poll, "_rest", give_up)
    api.send(ANN, "/start")
    result = call("poll")
    assert "The store is away." in result.output
    assert api.waiting() == 1
    assert api.chat(ANN).said() == []


def test_poll_goes_on_where_somebody_has_blocked_the_bot(api: BotApi, call: Call) -> None:
    api.send(ANN, "/start")
    api.chat(ANN).blocked = True
    api.send(ANN + 1, "/start")
    UntilQuiet(api)
    assert call("poll").exit_code == 0
    assert api.chat(ANN + 1).said()
    assert api.waiting() == 0


def test_poll_says_when_somebody_else_fetches_as_well(api: BotApi, call: Call) -> None:
    api.fail("getUpdates", Refusal(409, "Conflict: terminated by other getUpdates request"))
    result = call("poll")
    assert result.exit_code == 1
    assert "Somebody else fetches" in result.output
