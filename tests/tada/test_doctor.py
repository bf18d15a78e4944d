"""The doctor finds what is wrong, says it in words, and says what to do."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import namedtuple
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tada import doctor
from tests.tada.calling import Tada, run

Finding = dict[str, object]


def found(tada: Tada, mark: str, **env: str) -> list[str]:
    findings: list[Finding] = json.loads(tada("doctor", "--json", env=env).stdout)
    return [" ".join(map(str, finding.values())) for finding in findings if finding["mark"] == mark]


def test_an_instance_just_made_has_nothing_wrong_and_its_facts_to_look_at(tada: Tada) -> None:
    assert found(tada, "wrong") == []
    assert any("web547" in line for line in found(tada, "look"))
    assert tada("doctor").exit_code == 0


def test_signs_are_said_in_words_too(tada: Tada) -> None:
    lines = [line for line in tada("doctor").stdout.splitlines() if not line.startswith(" ")]

    assert {line.split()[1] for line in lines} <= {"good", "look", "wrong"}


def test_a_home_without_an_instance_is_wrong(tmp_path: Path) -> None:
    result = run(tmp_path / "none", "doctor")

    assert result.exit_code == 1
    assert "tada init" in result.stdout


def test_a_setting_that_cannot_be_used_is_wrong_and_ends_the_visit(tada: Tada) -> None:
    assert found(tada, "wrong", TADA_CLOSED_DAYS="181") != []


def test_a_slip_in_a_name_of_a_setting_is_noticed(tada: Tada) -> None:
    assert any("TADA_DRAFT_HOUR" in line for line in found(tada, "look", TADA_DRAFT_HOUR="1"))


def test_a_secret_that_others_can_read_is_wrong(home: Path, tada: Tada) -> None:
    (home / "settings.env").write_text("TADA_METRICS_TOKEN=" + "a1" * 20)
    (home / "settings.env").chmod(0o644)

    assert any("chmod 600" in line for line in found(tada, "wrong"))


def test_rate_limits_off_are_for_trying_and_wrong_in_public(tada: Tada) -> None:
    assert any("Rate limits" in line for line in found(tada, "look", TADA_RATE_LIMITS="off"))
    public = {"TADA_RATE_LIMITS": "off", "TADA_PUBLIC_URL": "https://chat.example.org"}
    assert any("Rate limits" in line for line in found(tada, "wrong", **public))


def test_a_public_address_must_be_https_and_the_referral_checked(home: Path, tada: Tada) -> None:
    wrong = found(tada, "wrong", TADA_PUBLIC_URL="http://chat.example.org")
    assert any("https" in line for line in wrong)
    assert any("under 16" in line for line in wrong)

    (home / "facts.toml").write_text(f"[web547]\nchecked = {datetime.now(UTC).date()}\nverified = true\n")
    assert found(tada, "wrong", TADA_PUBLIC_URL="https://chat.example.org") == []


def test_a_facts_file_that_cannot_be_used_is_wrong(home: Path, tada: Tada) -> None:
    (home / "facts.toml").write_text("[web547]\nchecked = yesterday\n")

    assert any("facts.toml" in line for line in found(tada, "wrong"))


def test_a_database_that_is_none_is_wrong(home: Path, tada: Tada) -> None:
    (home / "tada.sqlite3").write_bytes(b"not a database at all" * 100)

    assert any("database" in line.lower() for line in found(tada, "wrong"))


def test_a_clock_that_went_back_is_wrong(home: Path, tada: Tada) -> None:
    day = int(datetime.now(UTC).timestamp()) // 86_400 + 3
    key = home / "keys" / f"epoch-{day}.key"
    key.write_text("0" * 64 + "\n")
    key.chmod(0o600)

    assert any("clock" in line for line in found(tada, "wrong"))


@pytest.mark.parametrize(("free", "mark"), [(50, "wrong"), (500, "look"), (5_000, "good")])
def test_a_full_disk_is_noticed_before_it_is_full(
    tada: Tada, monkeypatch: pytest.MonkeyPatch, free: int, mark: str
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(0, 0, free * doctor.MEGABYTE))

    assert any("disk" in line for line in found(tada, mark))


def test_a_worker_that_fell_silent_is_noticed(home: Path, tada: Tada) -> None:
    assert any("never run" in line for line in found(tada, "look"))

    seen = home / "worker.seen"
    seen.touch()
    assert any("at work" in line for line in found(tada, "good"))

    os.utime(seen, (1_700_000_000, 1_700_000_000))
    assert any("last seen 2023-11-14" in line for line in found(tada, "look"))


def test_a_log_that_was_altered_is_wrong(home: Path, tada: Tada) -> None:
    with closing(sqlite3.connect(home / "tada.sqlite3")) as database, database:
        database.execute("UPDATE audit SET event = 'cases_listed' WHERE number = 2")

    assert any("before entry 2" in line for line in found(tada, "wrong"))
