"""`tada channel whatsapp` where it is off, and where Twilio is not there."""

from __future__ import annotations

import pytest

from tests.providers.twilio import FakeTwilio, serving
from tests.tada.calling import Tada

GIVEN = {
    "TADA_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TADA_TWILIO_AUTH_TOKEN": "an-auth-token-of-nobody",
    "TADA_TWILIO_NUMBER": "+85200000099",
    "TADA_TWILIO_API_BASE": "http://127.0.0.1:1",
}


@pytest.mark.parametrize("command", ["setup", "status"])
def test_where_whatsapp_is_off_the_settings_are_named(tada: Tada, command: str) -> None:
    result = tada("channel", "whatsapp", command)

    assert result.exit_code == 1
    assert "TADA_TWILIO_ACCOUNT_SID" in result.stderr


def test_where_twilio_is_not_reached_it_says_so_and_what_else_is_missing(tada: Tada) -> None:
    result = tada("channel", "whatsapp", "status", env=GIVEN)

    assert result.exit_code == 1
    assert "PROBLEM: TADA_PUBLIC_URL is not set" in result.stdout
    assert "PROBLEM: Twilio cannot be reached from here" in result.stdout
    assert GIVEN["TADA_TWILIO_AUTH_TOKEN"] not in result.output


def test_where_twilio_is_not_reached_no_template_is_noted(tada: Tada) -> None:
    result = tada("channel", "whatsapp", "setup", env=GIVEN)

    assert result.exit_code == 1
    assert "Nothing was changed here" in result.stderr


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((401, {"code": 20003}, {}), "do not belong together"),
        ((503, b"<html>", {}), "cannot be reached"),
        ((400, {"code": 63999}, {}), "refused with error 63999"),
        ((200, b"not JSON", {}), "cannot be read"),
        ((200, {}, {}), "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["setup", "status"])
def test_what_twilio_has_against_it_is_said_in_plain_words(
    tada: Tada, command: str, answer: tuple[int, object, dict[str, str]], told: str
) -> None:
    account = FakeTwilio(lambda *_: (0, "", b""), "", faults=[answer])
    with serving(account):
        result = tada("channel", "whatsapp", command, env=GIVEN | {"TADA_TWILIO_API_BASE": account.base})

    assert result.exit_code == 1
    assert told in result.output
    assert GIVEN["TADA_TWILIO_AUTH_TOKEN"] not in result.output
