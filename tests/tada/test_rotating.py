"""`tada keys`: a new desk key while the service runs, and a drill with the recovery key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.keys import KeyDirectory, fingerprint_of
from storage.recovery import RecoveryKey
from tada.instance import Instance
from tests.tada.calling import PASSWORD, Tada, run, submit_case

MEI = {"TADA_STAFF": "Mei", "TADA_PASSWORD": PASSWORD}


def recovery_key_of(printed: str) -> str:
    return "-".join(line.strip() for line in printed.splitlines() if line.count("-") == 6)


def test_a_new_key_opens_what_came_before_and_what_comes_after(home: Path, tada: Tada) -> None:
    running = Instance({"TADA_HOME": str(home)})  # as a web process that is not started again
    assert running.keys.desk_public[0] == 1

    rotated = tada("keys", "rotate", "--by", "Mei", "--password-stdin", typed=PASSWORD)
    submit_case(running.reception, "b" * 43)

    assert rotated.exit_code == 0, rotated.output
    assert "generation 2. The old one is destroyed" in rotated.stdout
    listed = json.loads(tada("case", "list", "--json", env=MEI).stdout)
    assert len(listed) == 2
    for case in listed:
        shown = tada("case", "show", case["reference"], "--json", env=MEI)
        assert json.loads(shown.stdout)["fields"]["name"] == "Canary"
    assert tada("keys", "status").exit_code == 0
    assert tada("doctor").exit_code == 0
    running.database.close()


def test_where_the_settings_pin_the_old_key_they_are_to_be_changed(home: Path, tada: Tada) -> None:
    old = fingerprint_of(*KeyDirectory(home / "keys").desk_public)
    pinned = {"TADA_DESK_KEY_FINGERPRINT": old}
    call = ("keys", "rotate", "--by", "Mei", "--password-stdin")

    first = tada(*call, typed=PASSWORD, env=pinned)
    new = fingerprint_of(*KeyDirectory(home / "keys").desk_public)
    second = tada(*call, typed=PASSWORD, env={"TADA_DESK_KEY_FINGERPRINT": new})

    assert new in first.stdout
    assert "is destroyed" not in first.stdout
    assert "generation 2. The old one is destroyed" in second.stdout


def test_nobody_rotates_without_a_key(tada: Tada) -> None:
    assert tada("keys", "rotate").exit_code == 2
    assert (
        tada("keys", "rotate", "--by", "Mei", "--password-stdin", typed="wrong password here").exit_code == 1
    )


def test_the_recovery_key_is_tried_and_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "new"
    key = recovery_key_of(run(home, "init").stdout)

    tried = run(home, "keys", "recovery", "--password-stdin", typed=key)
    rotated = run(home, "keys", "rotate", "--recovery-key", "--password-stdin", typed=key)
    again = run(home, "keys", "recovery", "--password-stdin", typed=key.lower())

    assert (tried.exit_code, rotated.exit_code, again.exit_code) == (0, 0, 0), rotated.output
    assert key not in tried.output


@pytest.mark.parametrize(
    "key",
    ["", "AAAA-BBBB", RecoveryKey(b"another instance".ljust(32)).text],
    ids=["none", "with a slip", "of another instance"],
)
def test_a_wrong_recovery_key_is_told_from_one_with_a_slip(tada: Tada, key: str) -> None:
    result = tada("keys", "recovery", "--password-stdin", typed=key + "\n")

    assert result.exit_code in (1, 2)
    assert not key or key not in result.output
