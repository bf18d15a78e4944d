"""Settings: what stands where counts, and what cannot be used is named and never shown."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from settings import (
    SETTINGS,
    Cloud,
    Settings,
    SettingsError,
    Smtp,
    Telegram,
    Twilio,
    read_settings,
    unknown_settings,
)

SECRET = "canary-5f0c2d91e7b34a6688d4c1f29b3e"


def read(home: Path, **values: str) -> Settings:
    return read_settings(
        {"TADA_HOME": str(home), **{f"TADA_{name}": value for name, value in values.items()}}
    )


def test_without_any_setting_everything_has_a_default_that_is_right_in_production(tmp_path: Path) -> None:
    settings = read(tmp_path)

    assert settings.database_url == f"sqlite:///{tmp_path}/tada.sqlite3"
    assert settings.rate_limits
    assert (settings.draft_hours, settings.closed_days) == (72, 90)
    assert not settings.is_public


def test_the_home_is_var_in_the_working_directory_unless_it_is_named() -> None:
    assert read_settings({}).home == Path.cwd() / "var"


def test_the_settings_file_is_read_and_the_environment_counts_more(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text(
        '# ours\nTADA_DRAFT_HOURS=24\nexport TADA_SERVICE_NAME="Rain House"\n\nTADA_CLOSED_DAYS=30\n'
    )

    settings = read(tmp_path, DRAFT_HOURS="48")

    assert (settings.draft_hours, settings.service_name, settings.closed_days) == (48, "Rain House", 30)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://db/tada\n")

    assert read(tmp_path, DATABASE_URL_FILE=str(tmp_path / "url")).database_url == "postgresql://db/tada"


def test_paths_are_seen_from_the_home_wherever_a_program_is_started(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a1" * 20)

    settings = read(tmp_path, DATABASE_URL="sqlite:///here.db", METRICS_TOKEN_FILE="token")

    assert settings.database_url == f"sqlite:///{tmp_path}/here.db"
    assert settings.metrics_token == "a1" * 20
    assert read(tmp_path, DATABASE_URL="sqlite:////srv/there.db").database_url == "sqlite:////srv/there.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DRAFT_HOURS", "0"),
        ("DRAFT_HOURS", "169"),
        ("DRAFT_HOURS", "７２"),
        ("DRAFT_HOURS", SECRET),
        ("CLOSED_DAYS", "181"),
        ("CLOSED_DAYS", "-1"),
        ("CLOSED_DAYS", SECRET),
        ("RATE_LIMITS", SECRET),
        ("PUBLIC_URL", "chat.example.org"),
        ("PUBLIC_URL", f"https://user:{SECRET}@chat.example.org"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "https://chat.example.org:port"),
        ("EXIT_URL", "javascript:alert(1)"),
        ("EXIT_URL", "http://weather.example.org"),
        ("DATABASE_URL", f"mysql://user:{SECRET}@db/tada"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL_FILE", f"/nowhere/{SECRET}"),
        ("SERVICE_NAME", "two\nlines"),
        ("SERVICE_CONTACT", "x" * 201),
        ("DESK_KEY_FINGERPRINT", SECRET),
        ("METRICS_TOKEN", SECRET[:31]),
    ],
)
def test_what_cannot_be_used_is_named_and_its_value_is_not_shown(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, **{name: value})

    assert f"TADA_{name}" in str(refused.value)
    assert SECRET[:31] not in f"{refused.value!s} {refused.value!r}"


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, DRAFT_HOURS="x", CLOSED_DAYS="y")

    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("TADA_DRAFT_HOUR=3", "TADA_DRAFT_HOUR is no setting"),
        ("DRAFT_HOURS=3", "line 1"),
        ("TADA_HOME=/srv", "TADA_HOME"),
        ("TADA_DRAFT_HOURS=3 days", "TADA_DRAFT_HOURS must be"),
    ],
)
def test_a_slip_in_the_settings_file_is_said_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "settings.env").write_text(line + "\n")

    with pytest.raises(SettingsError, match=said):
        read(tmp_path)


def test_a_settings_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_bytes(b"TADA_SERVICE_NAME=\xff\xfe")

    with pytest.raises(SettingsError, match="cannot be read"):
        read(tmp_path)


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both set"):
        read(tmp_path, DATABASE_URL="sqlite:///a", DATABASE_URL_FILE="b")


def test_secrets_are_not_in_what_settings_look_like_printed(tmp_path: Path) -> None:
    settings = read(tmp_path, DATABASE_URL=f"postgresql://tada:{SECRET}@db/tada", METRICS_TOKEN=SECRET)

    assert SECRET not in repr(settings)


PROVIDERS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": SECRET,
    "TWILIO_OLD_AUTH_TOKEN": SECRET,
    "TWILIO_NUMBER": "+85200000000",
    "TELEGRAM_TOKEN": f"123456:{SECRET}",
    "TELEGRAM_SECRET": SECRET,
    "TELEGRAM_OLD_SECRET": SECRET,
    "CLOUD_ACCESS_TOKEN": SECRET,
    "CLOUD_APP_SECRET": SECRET,
    "CLOUD_OLD_APP_SECRET": SECRET,
    "CLOUD_VERIFY_TOKEN": SECRET,
    "CLOUD_PHONE_NUMBER_ID": "100000",
    "SMTP_HOST": "mail.example.org",
    "SMTP_SENDER": "tada@example.org",
    "SMTP_PASSWORD": SECRET,
}


def test_nor_are_those_of_the_providers(tmp_path: Path) -> None:
    settings = read(tmp_path, **PROVIDERS)

    assert all((settings.twilio, settings.telegram, settings.cloud, settings.smtp))
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "AC" + "0" * 31),
        ("TWILIO_AUTH_TOKEN", "a" * 15),
        ("TWILIO_NUMBER", "85200000000"),
        ("TELEGRAM_SECRET", "a" * 15),
        ("TELEGRAM_SECRET", "a" * 15 + "é"),
        ("CLOUD_VERIFY_TOKEN", "a" * 15),
        ("CLOUD_APP_SECRET", "a" * 15),
        ("CLOUD_PHONE_NUMBER_ID", "me"),
        ("SMTP_SENDER", "two@example.org, addresses@example.org"),
        ("TELEGRAM_SECRET", ""),  # the same as one that is left out
    ],
)
def test_a_provider_is_not_switched_on_with_half_a_setting_or_one_that_proves_nothing(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"TADA_{name}"):
        read(tmp_path, **{**PROVIDERS, name: value})


def test_a_fingerprint_may_be_written_in_groups(tmp_path: Path) -> None:
    grouped = " ".join(["ABCD"] * 16)

    assert read(tmp_path, DESK_KEY_FINGERPRINT=grouped).desk_key_fingerprint == "abcd" * 16


@pytest.mark.parametrize(
    ("url", "public"),
    [("https://chat.example.org/", True), ("http://127.0.0.1:8000", False), ("http://localhost", False)],
)
def test_an_instance_is_public_when_its_address_is_not_this_machine(
    tmp_path: Path, url: str, public: bool
) -> None:
    assert read(tmp_path, PUBLIC_URL=url).is_public is public


def test_texts_mention_a_setting_only_where_it_was_set(tmp_path: Path) -> None:
    assert read(tmp_path).placeholders() == {"draft_hours": "72", "closed_days": "90"}
    assert read(tmp_path, SERVICE_NAME="Rain House").placeholders()["service"] == "Rain House"


def test_a_name_that_looks_like_a_setting_and_is_none_is_found() -> None:
    assert unknown_settings(
        {"TADA_DRAFT_HOUR": "1", "TADA_HOME": "x", "TADA_DATABASE_URL_FILE": "y", "PATH": ""}
    ) == ["TADA_DRAFT_HOUR"]


def test_every_setting_is_explained_to_operators() -> None:
    explained = Path(__file__).parent.parent.joinpath("docs", "running.md").read_text(encoding="utf-8")

    assert sorted(name for name in SETTINGS if f"`{name}`" not in explained) == []
    groups = (Twilio, Telegram, Cloud, Smtp)
    assert len(SETTINGS) == len(fields(Settings)) + sum(len(fields(each)) - 1 for each in groups)
