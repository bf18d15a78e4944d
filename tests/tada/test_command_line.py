"""The commands that read and keep an instance: what they print, what they refuse, and with which status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.recovery import RecoveryKey
from tests.tada.calling import LINK, PASSWORD, STORY, Tada, run

MEI = {"TADA_STAFF": "Mei", "TADA_PASSWORD": PASSWORD}
JOS = "a kettle under nine umbrellas"


def reference(tada: Tada) -> str:
    return str(json.loads(tada("case", "list", "--json", env=MEI).stdout)[0]["reference"])


# ------------------------------------------------------------------ init, keys


def test_init_prints_a_recovery_key_once_and_then_leaves_everything_as_it_is(tmp_path: Path) -> None:
    first, second = run(tmp_path / "new", "init"), run(tmp_path / "new", "init")

    printed = "".join(line.strip() + "-" for line in first.stdout.splitlines() if line.count("-") == 6).strip(
        "-"
    )
    assert RecoveryKey.from_text(printed).text.replace("-", "") == printed.replace("-", "")
    assert second.exit_code == 0
    assert "RECOVERY" not in second.stdout


def test_a_home_that_was_never_set_up_is_told_how_to_be(tmp_path: Path) -> None:
    for command in (["case", "list"], ["staff", "list"], ["keys", "status"], ["worker"]):
        result = run(tmp_path / "empty", *command)

        assert result.exit_code == 1
        assert "tada init" in result.stderr


def test_keys_status_prints_the_fingerprint_and_no_key(home: Path, tada: Tada) -> None:
    result = tada("keys", "status", "--json")

    found = json.loads(result.stdout)
    assert found["problems"] == []
    assert len(found["desk_key_fingerprint"]) == 64
    secrets = [
        file.read_text().strip() for file in (home / "keys").iterdir() if file.suffix in (".key", ".salt")
    ]
    assert secrets
    assert not [secret for secret in secrets if secret in result.stdout]


def test_a_key_that_others_can_read_is_a_problem_for_every_command_that_needs_it(
    home: Path, tada: Tada
) -> None:
    (home / "keys" / "intake.key").chmod(0o644)

    for command in (["keys", "status"], ["worker"], ["doctor"]):
        result = tada(*command)

        assert result.exit_code == 1, command
        assert "intake.key" in result.output


# ------------------------------------------------------------------ staff


def test_the_first_colleague_needs_nobody_and_reads_the_queue(tmp_path: Path) -> None:
    assert run(tmp_path, "init").exit_code == 0
    added = run(tmp_path, "staff", "add", "Mei", "--role", "supervisor", "--password-stdin", typed=PASSWORD)
    assert added.exit_code == 0, added.output

    listed = run(tmp_path, "case", "list", env=MEI)

    assert listed.exit_code == 0, listed.output


def test_a_second_colleague_needs_one_who_vouches(tada: Tada) -> None:
    alone = tada("staff", "add", "Jo", "--role", "intake", "--password-stdin", typed=JOS)
    vouched = tada(
        "staff",
        "add",
        "Jo",
        "--role",
        "intake",
        "--by",
        "Mei",
        "--password-stdin",
        typed=f"{JOS}\n{PASSWORD}",
    )

    assert alone.exit_code == 2
    assert "--by" in alone.stderr
    assert vouched.exit_code == 0
    assert {member["name"] for member in json.loads(tada("staff", "list", "--json").stdout)} == {"Mei", "Jo"}


def test_a_colleague_who_left_opens_nothing(tada: Tada) -> None:
    tada(
        "staff",
        "add",
        "Jo",
        "--role",
        "intake",
        "--by",
        "Mei",
        "--password-stdin",
        typed=f"{JOS}\n{PASSWORD}",
    )
    left = tada("staff", "disable", "Jo", "--by", "Mei", "--password-stdin", typed=PASSWORD)

    assert left.exit_code == 0
    refused = tada("case", "list", env={"TADA_STAFF": "Jo", "TADA_PASSWORD": JOS})
    assert refused.exit_code == 1
    assert "no longer" in refused.stderr


def test_a_lost_password_is_replaced_with_the_help_of_a_colleague(tada: Tada) -> None:
    tada(
        "staff",
        "add",
        "Jo",
        "--role",
        "supervisor",
        "--by",
        "Mei",
        "--password-stdin",
        typed=f"{JOS}\n{PASSWORD}",
    )
    new = "the lighthouse keeps a diary"
    result = tada("staff", "recover", "Mei", "--by", "Jo", "--password-stdin", typed=f"{JOS}\n{new}")

    assert result.exit_code == 0
    assert tada("case", "list", env={"TADA_STAFF": "Mei", "TADA_PASSWORD": new}).exit_code == 0
    assert tada("case", "list", env=MEI).exit_code == 1


@pytest.mark.parametrize(
    ("password", "said"),
    [("short", "15 characters"), ("x" * 129, "128"), ("passwordpassword", "guessed first")],
)
def test_a_password_that_cannot_be_taken_is_refused_with_the_reason(
    tada: Tada, password: str, said: str
) -> None:
    result = tada(
        "staff",
        "add",
        "Jo",
        "--role",
        "intake",
        "--by",
        "Mei",
        "--password-stdin",
        typed=f"{password}\n{PASSWORD}",
    )

    assert result.exit_code == 1
    assert said in result.stderr
    assert password not in result.output


def test_standard_input_that_ends_early_says_what_was_expected(tada: Tada) -> None:
    result = tada("staff", "add", "Jo", "--role", "intake", "--by", "Mei", "--password-stdin", typed=JOS)

    assert result.exit_code == 2
    assert "Password of Mei" in result.stderr


# ------------------------------------------------------------------ cases


def test_the_queue_shows_nothing_a_person_wrote(tada: Tada) -> None:
    for arguments in (["case", "list"], ["case", "list", "--json"]):
        result = tada(*arguments, env=MEI)

        assert result.exit_code == 0
        assert "queued" in result.stdout
        assert "canary" not in result.output.lower()


def test_a_case_is_read_back_as_it_was_told(tada: Tada) -> None:
    case = json.loads(tada("case", "show", reference(tada), "--json", env=MEI).stdout)

    assert STORY in case["fields"]["story"]
    assert case["fields"]["content"] is None
    assert [link["url"] for link in case["links"]] == [LINK]
    assert case["opened"][-1]["staff"] == "Mei"


def test_a_case_can_be_read_by_people_too(tada: Tada) -> None:
    result = tada("case", "show", reference(tada), env=MEI)

    assert STORY in result.stdout
    assert LINK in result.stdout
    assert "content: (skipped)" in result.stdout


def test_name_and_password_are_asked_for_where_they_are_not_given(tada: Tada) -> None:
    result = tada("case", "list", typed=f"Mei\n{PASSWORD}\n")

    assert result.exit_code == 0
    assert PASSWORD not in result.output


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(tada: Tada) -> None:
    wrong = tada("case", "list", env={**MEI, "TADA_PASSWORD": JOS})
    unknown = tada("case", "list", env={**MEI, "TADA_STAFF": "Nobody"})

    assert wrong.exit_code == unknown.exit_code == 1
    assert wrong.output == unknown.output


def test_a_reference_that_is_none_is_answered_in_a_line(tada: Tada) -> None:
    result = tada("case", "show", "TD-0000", env=MEI)

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


# ------------------------------------------------------------------ the rest


def test_purge_says_what_it_removed(tada: Tada) -> None:
    result = tada("purge")

    assert result.exit_code == 0
    assert result.stdout.startswith(("Removed: ", "Nothing was due."))


@pytest.mark.parametrize(("lang", "asks"), [("en", "16 or above"), ("zh", "16 歲")])
def test_the_conversation_can_be_held_in_the_terminal(tada: Tada, lang: str, asks: str) -> None:
    result = tada("chat", "--lang", lang, typed="what?\n")

    assert result.exit_code == 0
    assert asks in result.stdout


@pytest.mark.parametrize(("form", "begins"), [("mermaid", "stateDiagram-v2"), ("svg", "<svg")])
def test_the_conversation_is_drawn(tada: Tada, form: str, begins: str) -> None:
    assert tada("flow", "--format", form).stdout.startswith(begins)


def test_the_version_is_told(tada: Tada) -> None:
    assert tada("--version").stdout.startswith("tada, version ")


@pytest.mark.parametrize(
    "command", ["", "staff", "case", "keys", "staff add", "case show", "serve", "chat", "doctor"]
)
def test_help_needs_no_instance(tmp_path: Path, command: str) -> None:
    assert run(tmp_path / "nowhere", *command.split(), "--help").exit_code == 0


def test_a_setting_that_cannot_be_used_stops_every_command_in_one_line(tada: Tada) -> None:
    for command in (["case", "list"], ["serve"], ["init"], ["keys", "status"]):
        result = tada(*command, env={"TADA_DRAFT_HOURS": "canary-value"})

        assert result.exit_code == 1
        assert "TADA_DRAFT_HOURS" in result.stderr
        assert "canary-value" not in result.output


def test_what_nobody_foresaw_is_told_by_class_and_place_without_its_text(
    tada: Tada, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(STORY)

    monkeypatch.setattr("tada.staff.list_staff", fail)
    result = tada("staff", "list")

    assert result.exit_code == 1
    assert "RuntimeError" in result.stderr
    assert STORY not in result.output
