"""`tada channel whatsapp` where it is off, and where Twilio is not there."""

from __future__ import annotations

import pytest

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
    assert "PROBLEM: Twilio refused: it cannot be reached." in result.stdout
    assert GIVEN["TADA_TWILIO_AUTH_TOKEN"] not in result.output


def test_where_twilio_is_not_reached_no_template_is_noted(tada: Tada) -> None:
    result = tada("channel", "whatsapp", "setup", env=GIVEN)

    assert result.exit_code == 1
    assert "Nothing was changed here" in result.stderr
