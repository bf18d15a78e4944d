"""What the value of a setting may be: each reader takes what was written and gives what is meant, or refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Refused(ValueError):
    """Says what the value must be, to stand after the name of the variable."""


def between(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if re.fullmatch(r"[0-9]{1,6}", value.strip()) and low <= int(value) <= high:
            return int(value)
        raise Refused(f"must be a whole number from {low} to {high}")

    return read


def one_of(*values: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip() in values:
            return value.strip()
        raise Refused(f"must be one of {', '.join(values)}")

    return read


def on_or_off(value: str) -> bool:
    if value.strip().lower() not in ("on", "off"):
        raise Refused("must be on or off")
    return value.strip().lower() == "on"


def url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        expected = f"must be a web address such as {schemes[0]}://chat.example.org"
        try:
            parts = urlsplit(value.strip())
            _ = parts.port
        except ValueError:
            raise Refused(expected) from None
        if (
            parts.scheme not in schemes
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise Refused(expected)
        return value.strip().rstrip("/")

    return read


def database_url(home: Path) -> Callable[[str], str]:
    def read(value: str) -> str:
        file = re.fullmatch(r"sqlite:///([^:?#][^?#]*)", value)
        if file:
            # From the home, so that it is the same file wherever a program is started.
            return f"sqlite:///{home / file[1]}"
        if re.match(r"postgres(ql)?(\+psycopg)?://", value):
            return value
        raise Refused("must be sqlite:///, with the name of a file, or begin with postgresql://")

    return read


def line(value: str) -> str:
    if len(value) <= 200 and value.isprintable() and value.strip():
        return value.strip()
    raise Refused("must be one line of at most 200 characters")


def fingerprint(value: str) -> str:
    digits = re.sub(r"[\s:]", "", value).lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return digits
    raise Refused("must be the 64 hexadecimal digits that `tada keys status` prints")


def long_secret(value: str) -> str:
    if len(value) >= 32 and value.isascii() and value.isprintable() and " " not in value:
        return value
    raise Refused("must be at least 32 letters and digits")


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if re.fullmatch(pattern, value.strip()):
            return value.strip()
        raise Refused(f"must be {expected}")

    return read


_TOKEN = _matching(r"[!-~]{16,1024}", "the token as the provider shows it, without spaces")
_WEBHOOK_SECRET = _matching(r"[A-Za-z0-9_-]{16,256}", "16 to 256 letters, digits, _ and -")

READ_AS: dict[str, Callable[[str], Any]] = {
    "account_sid": _matching(r"AC[0-9a-fA-F]{32}", "the Account SID: AC and 32 hexadecimal digits"),
    "auth_token": _TOKEN,
    "old_auth_token": _TOKEN,
    "number": _matching(r"\+[0-9]{5,15}", "the number of the WhatsApp sender, such as +85200000000"),
    "buttons": on_or_off,
    "token": _matching(r"[0-9]{3,}:[A-Za-z0-9_-]{20,}", "the token that BotFather gave, such as 123456:ABC…"),
    "secret": _WEBHOOK_SECRET,
    "old_secret": _WEBHOOK_SECRET,
    "access_token": _TOKEN,
    "app_secret": _TOKEN,
    "old_app_secret": _TOKEN,
    "verify_token": _WEBHOOK_SECRET,
    "phone_number_id": _matching(r"[0-9]{5,20}", "the id of the phone number: digits alone"),
    "api_base": url("https", "http"),
    "host": _matching(r"[A-Za-z0-9.-]{1,253}", "the name of a mail server, such as mail.example.org"),
    "sender": _matching(
        r"[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,253}", "one mail address, such as tada@example.org"
    ),
    "port": between(1, 65535),
    "user": line,
    "password": line,
}
"""What each setting of a channel may be."""
