"""The doctor says which channels are on, and what is amiss with how they are set up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from settings import Cloud, Settings, Telegram, Twilio
from tada.channels import look_at_channels
from tests.tada.calling import Tada

NOTHING = Settings(home=Path("/nowhere"), database_url="sqlite://")
PUBLIC = replace(NOTHING, public_url="https://chat.example.org")
TWILIO = Twilio("AC" + "0" * 32, "secret-canary", "+85200000000")
TELEGRAM = Telegram("100:secret-canary", "secret-canary")
CLOUD = Cloud("secret-canary", "secret-canary", "secret-canary", "10654")


def found(settings: Settings, mark: str) -> list[str]:
    return [f"{each.what} {each.to_do}" for each in look_at_channels(settings) if each.mark == mark]


def test_what_is_always_there_is_on_and_nothing_else_is_looked_at() -> None:
    assert found(NOTHING, "good") == ["channels: web chat, terminal None"]
    assert found(NOTHING, "look") == found(NOTHING, "wrong") == []


def test_channels_that_were_given_their_settings_are_on() -> None:
    settings = replace(PUBLIC, cloud=CLOUD, telegram=TELEGRAM)
    assert found(settings, "good") == [
        "channels: web chat, terminal, WhatsApp by the Cloud API, Telegram None"
    ]
    assert found(settings, "look") == found(settings, "wrong") == []


@pytest.mark.parametrize(
    "url", [None, "http://chat.example.org", "https://localhost", "http://127.0.0.1:8000"]
)
@pytest.mark.parametrize(
    "channel", [{"cloud": CLOUD}, {"twilio": TWILIO}, {"twilio": TWILIO, "telegram": TELEGRAM}]
)
def test_a_provider_that_cannot_reach_us_is_wrong(channel: dict[str, Cloud], url: str | None) -> None:
    (line,) = found(replace(NOTHING, public_url=url, **channel), "wrong")  # type: ignore[arg-type]
    assert "TADA_PUBLIC_URL" in line


def test_a_bot_may_be_tried_without_a_public_address() -> None:
    settings = replace(NOTHING, telegram=TELEGRAM)
    assert found(settings, "wrong") == []
    assert "tada channel telegram poll" in found(settings, "look")[0]


def test_two_ways_to_whatsapp_at_once_are_worth_a_look() -> None:
    assert "twice" in found(replace(PUBLIC, cloud=CLOUD, twilio=TWILIO), "look")[0]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (replace(PUBLIC, cloud=replace(CLOUD, old_app_secret="secret-canary")), "TADA_CLOUD_OLD_APP_SECRET"),
        (
            replace(PUBLIC, twilio=replace(TWILIO, old_auth_token="secret-canary")),
            "TADA_TWILIO_OLD_AUTH_TOKEN",
        ),
        (replace(PUBLIC, telegram=replace(TELEGRAM, old_secret="secret-canary")), "TADA_TELEGRAM_OLD_SECRET"),
    ],
)
def test_a_secret_that_was_changed_long_ago_is_noticed_and_not_shown(settings: Settings, name: str) -> None:
    (line,) = found(settings, "look")
    assert name in line and "canary" not in line


@pytest.mark.parametrize(("settings", "mark"), [(PUBLIC, "wrong"), (NOTHING, "look")])
def test_a_stand_in_for_a_provider_is_wrong_in_public(settings: Settings, mark: str) -> None:
    stand_in = replace(settings, telegram=replace(TELEGRAM, api_base="http://127.0.0.1:9"))
    assert any("TADA_TELEGRAM_API_BASE" in line for line in found(stand_in, mark))


def test_the_doctor_tells_all_this(tada: Tada) -> None:
    env = {"TADA_TELEGRAM_TOKEN": "100:" + "a" * 32, "TADA_TELEGRAM_SECRET": "b" * 32}
    told = tada("doctor", env=env).stdout
    assert "channels: web chat, terminal, Telegram" in told
    assert "bbbb" not in told
