"""What an operator decides: read once, from a mapping handed in, into a frozen value.

A setting stands in the environment or in `settings.env` in the home; the environment counts more.
Whatever is missing has a default that is right in production, or stays off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
D = TypeVar("D")
C = TypeVar("C", "Twilio", "Telegram", "Cloud", "Smtp")

PREFIX = "TADA_"
FILE_NAME = "settings.env"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(ValueError):
    """A setting cannot be used. Names the variable and says what to do; never holds the value."""


@dataclass(frozen=True)
class Twilio:
    """WhatsApp through Twilio. In the environment: `TADA_TWILIO_…`.

    Attributes:
        old_auth_token: the one before the present one, while it is being changed; signatures by it are valid.
        number: the WhatsApp sender, such as `+85200000000`.
        buttons: whether choices are sent as buttons and lists, by a call to Twilio for each.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    number: str
    old_auth_token: str | None = field(default=None, repr=False)
    buttons: bool = False
    api_base: str | None = None


@dataclass(frozen=True)
class Telegram:
    """A Telegram bot. In the environment: `TADA_TELEGRAM_…`.

    Attributes:
        secret: what Telegram sends with every delivery, so that we know it is Telegram.
        old_secret: the one before, while it is being changed.
    """

    token: str = field(repr=False)
    secret: str = field(repr=False)
    old_secret: str | None = field(default=None, repr=False)
    api_base: str | None = None


@dataclass(frozen=True)
class Cloud:
    """WhatsApp by Meta's Cloud API. In the environment: `TADA_CLOUD_…`.

    Attributes:
        app_secret: what deliveries are signed with.
        old_app_secret: the one before, while it is being changed.
        verify_token: what Meta has to know when the webhook is registered.
        phone_number_id: the sender, as Meta numbers it.
    """

    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    phone_number_id: str
    old_app_secret: str | None = field(default=None, repr=False)
    api_base: str | None = None


@dataclass(frozen=True)
class Smtp:
    """The mail server that tells colleagues how many cases wait. In the environment: `TADA_SMTP_…`.

    Attributes:
        host: its name; it is spoken to over TLS alone, and no other mail server is.
        sender: the address that mails come from.
        port: 465 begins with TLS, any other with STARTTLS.
    """

    host: str
    sender: str
    port: int = 587
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Settings:
    """Every setting, checked. The names in the environment are these, in capitals, after `TADA_`.

    Attributes:
        home: the instance folder: keys, settings file, SQLite database.
        database_url: `sqlite:///…`, its path seen from the home, or `postgresql://…`; may hold a password.
        public_url: where people reach the service, without a slash at the end; None on one's own machine.
        desk_url: where colleagues reach the desk, where that is another host; it then answers on no other.
        surface: what is served: `intake` is the chat, `desk` the caseworkers' pages, `all` both.
        rate_limits: off for measurements only.
        draft_hours: hours after the last message when an unfinished conversation is destroyed, 1 to 168.
        closed_days: days after closing when a case is destroyed, 0 to 180.
        service_name: how the service is called in the chat; None for the example in `locales/facts.toml`.
        service_contact: how people reach it otherwise; likewise.
        desk_key_fingerprint: what the desk's public key must match, as `tada keys status` prints it.
        exit_url: the neutral page that "Exit this page" goes to; None for the one in the facts.
        metrics_token: who sends it may read `/metrics` from elsewhere than this machine.
        smtp: the mail server for telling the team; None where it is off.
        twilio: WhatsApp through Twilio; None where it is off. Likewise `telegram` and `cloud`.

    Source of the limits: the retention table in `docs/retention.md`.
    """

    home: Path
    database_url: str = field(repr=False)
    public_url: str | None = None
    desk_url: str | None = None
    surface: str = "all"
    rate_limits: bool = True
    draft_hours: int = 72
    closed_days: int = 90
    service_name: str | None = None
    service_contact: str | None = None
    desk_key_fingerprint: str | None = None
    exit_url: str | None = None
    metrics_token: str | None = field(default=None, repr=False)
    twilio: Twilio | None = None
    telegram: Telegram | None = None
    cloud: Cloud | None = None
    smtp: Smtp | None = None

    @property
    def keys(self) -> Path:
        """The key directory: never in a backup, never on the database's disk image."""
        return self.home / "keys"

    @property
    def facts(self) -> Path:
        """The organisation's own numbers, links and hours, which count more than ours."""
        return self.home / "facts.toml"

    @property
    def organisation(self) -> Path:
        """What the desk changed of the numbers, links and hours; counts more than `facts`."""
        return self.home / "organisation.toml"

    @property
    def facts_files(self) -> tuple[Path, Path]:
        """The organisation's files of facts, each over the one before."""
        return self.facts, self.organisation

    @property
    def journal(self) -> Path:
        """Which cases were erased, as hashes; kept apart from backups, so that they can be made to forget too."""
        return self.home / "erased"

    @property
    def file(self) -> Path:
        """The settings file."""
        return self.home / FILE_NAME

    @property
    def is_public(self) -> bool:
        """Whether people other than the operator are meant to reach this instance."""
        return self.public_url is not None and urlsplit(self.public_url).hostname not in LOOPBACK

    def placeholders(self) -> dict[str, str]:
        """Return what texts may mention of the settings; what was not set is left to the facts."""
        said = {
            "service": self.service_name,
            "service_contact": self.service_contact,
            "neutral_exit_url": self.exit_url,
            "draft_hours": str(self.draft_hours),
            "closed_days": str(self.closed_days),
        }
        return {name: value for name, value in said.items() if value is not None}


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read every setting.

    Args:
        environ: the environment, or in tests a plain dict. Empty values count as absent.
    Raises:
        SettingsError: with one line for each setting that cannot be used.
    """
    home = Path(environ.get("TADA_HOME") or "var").expanduser().absolute()
    source = _Source(environ, home / FILE_NAME)
    settings = Settings(
        home=home,
        database_url=source.secret("DATABASE_URL", _database_url(home), f"sqlite:///{home}/tada.sqlite3"),
        public_url=source.plain("PUBLIC_URL", _url("https", "http"), None),
        desk_url=source.plain("DESK_URL", _url("https", "http"), None),
        surface=source.plain("SURFACE", _one_of("all", "intake", "desk"), "all"),
        rate_limits=source.plain("RATE_LIMITS", _on_or_off, True),
        draft_hours=source.plain("DRAFT_HOURS", _between(1, 168), 72),
        closed_days=source.plain("CLOSED_DAYS", _between(0, 180), 90),
        service_name=source.plain("SERVICE_NAME", _line, None),
        service_contact=source.plain("SERVICE_CONTACT", _line, None),
        desk_key_fingerprint=source.plain("DESK_KEY_FINGERPRINT", _fingerprint, None),
        exit_url=source.plain("EXIT_URL", _url("https"), None),
        metrics_token=source.secret("METRICS_TOKEN", _long_secret, None),
        twilio=source.group(Twilio, "TWILIO"),
        telegram=source.group(Telegram, "TELEGRAM"),
        cloud=source.group(Cloud, "CLOUD"),
        smtp=source.group(Smtp, "SMTP"),
    )
    source.finish()
    return settings


_GROUPS: dict[str, type[Twilio | Telegram | Cloud | Smtp]] = {
    "TWILIO": Twilio,
    "TELEGRAM": Telegram,
    "CLOUD": Cloud,
    "SMTP": Smtp,
}

SECRETS = frozenset(
    {"TADA_DATABASE_URL", "TADA_METRICS_TOKEN"}
    | {
        f"{PREFIX}{group}_{name.upper()}"
        for group, kind in _GROUPS.items()
        for name, each in kind.__dataclass_fields__.items()
        if not each.repr
    }
)
"""Settings that may also be given as `…_FILE`, the path of a file that holds the value."""

SETTINGS = frozenset(
    {"TADA_HOME"}
    | {PREFIX + name.upper() for name in Settings.__dataclass_fields__ if name.upper() not in _GROUPS}
    | {
        f"{PREFIX}{group}_{name.upper()}"
        for group, kind in _GROUPS.items()
        for name in kind.__dataclass_fields__
    }
)
ELSEWHERE = frozenset({"TADA_STAFF", "TADA_PASSWORD"})
"""What the command line reads for itself: who is asking to see a case."""


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """Return the names that look like a setting and are none: most likely a slip."""
    known = SETTINGS | ELSEWHERE | {f"{name}_FILE" for name in SECRETS}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


# ------------------------------------------------------------------ where a value comes from


class _Source:
    """The environment over the settings file; gathers every problem, so that all are said at once."""

    def __init__(self, environ: Mapping[str, str], file: Path) -> None:
        self._problems: list[str] = []
        self._file = file
        self._values = {**self._read_file(), **{name: value for name, value in environ.items() if value}}

    def plain(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        return self._take(PREFIX + name, self._values.get(PREFIX + name), read, default)

    def secret(self, name: str, read: Callable[[str], T], default: D) -> T | D:
        variable, in_file = PREFIX + name, PREFIX + name + "_FILE"
        value, path = self._values.get(variable), self._values.get(in_file)
        if value and path:
            self._problems.append(f"{variable} and {in_file} are both set: keep one of them.")
            return default
        if path:
            try:
                value = (self._file.parent / path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeError):
                self._problems.append(
                    f"{in_file} names a file that cannot be read: check its path and owner."
                )
                return default
            if not value:
                self._problems.append(f"{in_file} names an empty file: write the value into it.")
                return default
        return self._take(variable, value, read, default)

    def group(self, kind: type[C], prefix: str) -> C | None:
        """Read all settings of a channel; None where none of them is set."""
        fields = kind.__dataclass_fields__
        given: dict[str, Any] = {}
        for name, each in fields.items():
            take = self.plain if each.repr else self.secret
            value = take(f"{prefix}_{name.upper()}", _READ_AS[name], None)
            if value is not None:
                given[name] = value
        missing = [name for name, each in fields.items() if each.default is MISSING and name not in given]
        if not given:
            return None
        if missing:
            names = ", ".join(f"{PREFIX}{prefix}_{name.upper()}" for name in missing)
            self._problems.append(
                f"{names}: missing. Set it too, or take out every {PREFIX}{prefix}_ setting."
            )
            return None
        return kind(**given)

    def finish(self) -> None:
        if self._problems:
            raise SettingsError("\n".join(self._problems))

    def _take(self, variable: str, value: str | None, read: Callable[[str], T], default: D) -> T | D:
        if not value:
            return default
        try:
            return read(value)
        except _Refused as refused:
            self._problems.append(f"{variable} {refused}. Change it in the environment or in {self._file}.")
            return default

    def _read_file(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeError):
            self._problems.append(
                f"{self._file} cannot be read: it must be a text file of the account that runs tada."
            )
            return {}
        values: dict[str, str] = {}
        for number, line in enumerate(map(str.strip, lines), start=1):
            if not line or line.startswith("#"):
                continue
            name, equals, value = line.removeprefix("export ").partition("=")
            if not equals or not re.fullmatch(r"TADA_[A-Z_]+", name.strip()):
                self._problems.append(
                    f"{self._file}, line {number}: write TADA_NAME=value, or # before a remark."
                )
            elif name.strip() == "TADA_HOME":
                self._problems.append(
                    f"{self._file}, line {number}: TADA_HOME can only be set in the environment."
                )
            else:
                values[name.strip()] = _unquoted(value.strip())
        self._problems += [
            f"{self._file}: {name} is no setting; see docs/running.md for their names."
            for name in unknown_settings(values)
        ]
        return {name: value for name, value in values.items() if value}


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value


# ------------------------------------------------------------------ what a value may be


class _Refused(ValueError):
    """Says what the value must be, to stand after the name of the variable."""


def _between(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if re.fullmatch(r"[0-9]{1,6}", value.strip()) and low <= int(value) <= high:
            return int(value)
        raise _Refused(f"must be a whole number from {low} to {high}")

    return read


def _one_of(*values: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value.strip() in values:
            return value.strip()
        raise _Refused(f"must be one of {', '.join(values)}")

    return read


def _on_or_off(value: str) -> bool:
    if value.strip().lower() not in ("on", "off"):
        raise _Refused("must be on or off")
    return value.strip().lower() == "on"


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        expected = f"must be a web address such as {schemes[0]}://chat.example.org"
        try:
            parts = urlsplit(value.strip())
            _ = parts.port
        except ValueError:
            raise _Refused(expected) from None
        if (
            parts.scheme not in schemes
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise _Refused(expected)
        return value.strip().rstrip("/")

    return read


def _database_url(home: Path) -> Callable[[str], str]:
    def read(value: str) -> str:
        file = re.fullmatch(r"sqlite:///([^:?#][^?#]*)", value)
        if file:
            # From the home, so that it is the same file wherever a program is started.
            return f"sqlite:///{home / file[1]}"
        if re.match(r"postgres(ql)?(\+psycopg)?://", value):
            return value
        raise _Refused("must be sqlite:///, with the name of a file, or begin with postgresql://")

    return read


def _line(value: str) -> str:
    if len(value) <= 200 and value.isprintable() and value.strip():
        return value.strip()
    raise _Refused("must be one line of at most 200 characters")


def _fingerprint(value: str) -> str:
    digits = re.sub(r"[\s:]", "", value).lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return digits
    raise _Refused("must be the 64 hexadecimal digits that `tada keys status` prints")


def _long_secret(value: str) -> str:
    if len(value) >= 32 and value.isascii() and value.isprintable() and " " not in value:
        return value
    raise _Refused("must be at least 32 letters and digits")


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if re.fullmatch(pattern, value.strip()):
            return value.strip()
        raise _Refused(f"must be {expected}")

    return read


_TOKEN = _matching(r"[!-~]{16,1024}", "the token as the provider shows it, without spaces")
_WEBHOOK_SECRET = _matching(r"[A-Za-z0-9_-]{16,256}", "16 to 256 letters, digits, _ and -")

_READ_AS: dict[str, Callable[[str], Any]] = {
    "account_sid": _matching(r"AC[0-9a-fA-F]{32}", "the Account SID: AC and 32 hexadecimal digits"),
    "auth_token": _TOKEN,
    "old_auth_token": _TOKEN,
    "number": _matching(r"\+[0-9]{5,15}", "the number of the WhatsApp sender, such as +85200000000"),
    "buttons": _on_or_off,
    "token": _matching(r"[0-9]{3,}:[A-Za-z0-9_-]{20,}", "the token that BotFather gave, such as 123456:ABC…"),
    "secret": _WEBHOOK_SECRET,
    "old_secret": _WEBHOOK_SECRET,
    "access_token": _TOKEN,
    "app_secret": _TOKEN,
    "old_app_secret": _TOKEN,
    "verify_token": _WEBHOOK_SECRET,
    "phone_number_id": _matching(r"[0-9]{5,20}", "the id of the phone number: digits alone"),
    "api_base": _url("https", "http"),
    "host": _matching(r"[A-Za-z0-9.-]{1,253}", "the name of a mail server, such as mail.example.org"),
    "sender": _matching(
        r"[^@\s<>,;]{1,64}@[A-Za-z0-9.-]{1,253}", "one mail address, such as tada@example.org"
    ),
    "port": _between(1, 65535),
    "user": _line,
    "password": _line,
}
"""What each setting of a channel may be."""
