"""What is done at Telegram later, by the real library against a Bot API server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot import outbound
from bot.errands import GiveUp, TryAgain
from bot.telegram import client, later
from bot.telegram.errands import runners
from settings import Telegram
from storage.errands import Errand
from tests.bot.telegram.conftest import ANN, SECRET, TOKEN
from tests.providers.telegram import BotApi
from tests.providers.telegram_account import Refusal


@pytest.fixture
def api() -> Iterator[BotApi]:
    with BotApi(TOKEN) as api:
        api.chat(ANN)
        yield api


def run(api: BotApi, errand: Errand, token: str = TOKEN) -> None:
    settings = Telegram(token, SECRET, api_base=api.url)
    runners(settings)[errand.kind](errand.subject, errand.letter or {})


def outcome(api: BotApi, errand: Errand, token: str = TOKEN) -> TryAgain | GiveUp | None:
    try:
        run(api, errand, token)
    except (TryAgain, GiveUp) as failure:
        return failure
    return None


def test_what_the_library_says_of_a_failure_is_not_passed_on(api: BotApi) -> None:
    api.fail("sendMessage", Refusal(500, "canary"))
    failure = outcome(api, later.send(ANN, ["x"])[0])
    assert failure is not None
    assert failure.__suppress_context__
    assert "canary" not in str(failure)


def test_the_parts_of_a_text_are_sent_a_second_apart(api: BotApi) -> None:
    errands = later.send(ANN, ["two", "three"])
    assert [errand.after for errand in errands] == [timedelta(seconds=1), timedelta(seconds=2)]
    for errand in errands:
        run(api, errand)
    assert api.chat(ANN).said() == ["two", "three"]
    assert api.called[0][1]["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in api.called[0][1]


def test_a_message_is_deleted_and_one_that_is_gone_is_done(api: BotApi) -> None:
    errand = later.delete_message(ANN, api.send(ANN, "hi"))
    assert errand.kept == timedelta(hours=48)  # Telegram deletes nothing that is older
    run(api, errand)
    assert api.chat(ANN).messages == {}
    assert outcome(api, errand) is None


def test_a_message_that_is_too_old_to_be_deleted_is_given_up(api: BotApi) -> None:
    errand = later.delete_message(ANN, api.send(ANN, "hi"))
    api.now += 49 * 3600
    failure = outcome(api, errand)
    assert isinstance(failure, GiveUp)
    assert failure.code == "400"


def test_of_a_chat_a_hundred_messages_are_deleted_and_no_number_below_one_is_asked_for(api: BotApi) -> None:
    run(api, later.delete_up_to(ANN, 250))
    run(api, later.delete_up_to(ANN, 3))
    assert [given["message_ids"] for _, given in api.called] == [list(range(151, 251)), [1, 2, 3]]


def test_a_press_that_no_worker_answered_in_time_ends_quietly(api: BotApi) -> None:
    errand = later.answer_press(api.press(ANN, "v1:age:yes"))
    api.now += 12 * 3600
    assert errand.kept > timedelta(hours=12)
    assert outcome(api, errand) is None


@pytest.mark.parametrize(
    ("refusal", "expected", "code"),
    [
        (Refusal(400, "Bad Request: chat not found"), GiveUp, "400"),
        (Refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1), GiveUp, "migrated"),
        (Refusal(401, "Unauthorized"), TryAgain, "401"),
        (Refusal(403, "Forbidden: bot was blocked by the user"), GiveUp, "403"),
        (Refusal(403, "Forbidden: user is deactivated"), GiveUp, "403"),
        (Refusal(409, "Conflict: terminated by other getUpdates request"), TryAgain, "409"),
        (Refusal(429, "Too Many Requests: retry after 35", retry_after=35), TryAgain, "429"),
        (Refusal(500, "Internal Server Error"), TryAgain, "network"),
        (Refusal(502, "Bad Gateway"), TryAgain, "network"),
    ],
    ids=lambda value: str(value) if isinstance(value, str | Refusal) else "",
)
def test_each_refusal_says_whether_to_try_again(
    api: BotApi, refusal: Refusal, expected: type[TryAgain | GiveUp], code: str
) -> None:
    api.fail("sendMessage", refusal)
    (errand,) = later.send(ANN, ["canary"])
    failure = outcome(api, errand)
    assert type(failure) is expected
    assert failure.code == code
    if isinstance(failure, TryAgain):
        assert failure.after == (timedelta(seconds=35) if code == "429" else None)


def test_a_server_that_does_not_answer_is_not_waited_for_long(
    api: BotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "LIMIT_SECONDS", 0.1)
    api.fail("sendMessage", None)
    (errand,) = later.send(ANN, ["canary"])
    failure = outcome(api, errand)
    assert isinstance(failure, TryAgain)
    assert failure.code == "timeout"


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with BotApi(TOKEN) as gone:
        pass
    failure = outcome(gone, later.send(ANN, ["canary"])[0])
    assert isinstance(failure, TryAgain)
    assert failure.code == "network"


def test_a_token_that_was_taken_back_is_tried_again_until_it_is_changed(api: BotApi) -> None:
    failure = outcome(api, later.send(ANN, ["x"])[0], token="4200000000:BBanother-token-of-nobody-0000")
    assert isinstance(failure, TryAgain)
    assert failure.code == "401"


def test_nobody_but_telegram_is_called(monkeypatch: pytest.MonkeyPatch, api: BotApi) -> None:
    monkeypatch.setattr(client, "API_BASE", api.url)  # which no setting names
    failure: TryAgain | GiveUp | None = None
    try:
        runners(Telegram(TOKEN, SECRET))[later.SEND]("", {"chat": ANN, "text": "x"})
    except TryAgain as error:
        failure = error
    assert failure is not None
    assert api.called == []


def test_no_proxy_of_the_environment_hears_of_it(monkeypatch: pytest.MonkeyPatch, api: BotApi) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    run(api, later.send(ANN, ["x"])[0])
    assert api.chat(ANN).said() == ["x"]


def test_nothing_that_names_a_person_stands_in_clear(api: BotApi) -> None:
    for errand in (
        later.delete_message(ANN, 5),
        later.delete_up_to(ANN, 5),
        later.answer_press("7"),
        *later.send(ANN, ["x"]),
    ):
        assert errand.subject == ""
        assert str(ANN) not in repr(errand)
