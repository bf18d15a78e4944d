"""What an operator decides: read once, from a mapping handed in, into a frozen value.

A setting stands in the environment or in `settings.env` in the home; the environment counts more.
Whatever is missing has a default that is right in production, or stays off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from settings.source import PREFIX, SettingsError, Source, unknown
from settings.values import between, database_url, fingerprint, line, long_secret, on_or_off, one_of, url

__all__ = [
    "LOOPBACK",
    "SECRETS",
    "SETTINGS",
    "Cloud",
    "Settings",
    "SettingsError",
    "Smtp",
    "Telegram",
    "Twilio",
    "read_settings",
    "unknown_settings",
]

FILE_NAME = "settings.env"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


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
    source = Source(environ, home / FILE_NAME, _KNOWN)
    settings = Settings(
        home=home,
        database_url=source.secret("DATABASE_URL", database_url(home), f"sqlite:///{home}/tada.sqlite3"),
        public_url=source.plain("PUBLIC_URL", url("https", "http"), None),
        desk_url=source.plain("DESK_URL", url("https", "http"), None),
        surface=source.plain("SURFACE", one_of("all", "intake", "desk"), "all"),
        rate_limits=source.plain("RATE_LIMITS", on_or_off, True),
        draft_hours=source.plain("DRAFT_HOURS", between(1, 168), 72),
        closed_days=source.plain("CLOSED_DAYS", between(0, 180), 90),
        service_name=source.plain("SERVICE_NAME", line, None),
        service_contact=source.plain("SERVICE_CONTACT", line, None),
        desk_key_fingerprint=source.plain("DESK_KEY_FINGERPRINT", fingerprint, None),
        exit_url=source.plain("EXIT_URL", url("https"), None),
        metrics_token=source.secret("METRICS_TOKEN", long_secret, None),
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

_KNOWN = SETTINGS | ELSEWHERE | {f"{name}_FILE" for name in SECRETS}


def unknown_settings(environ: Mapping[str, str]) -> list[str]:
    """Return the names that look like a setting and are none: most likely a slip."""
    return unknown(environ, _KNOWN)
