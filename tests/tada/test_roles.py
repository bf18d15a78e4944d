"""What the words for operators say of the roles is what the code lets them do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from storage.opening import ROLES_THAT_READ
from storage.staff import ROLES, ROLES_WITH_SLOT, Role
from tests.tada.calling import PASSWORD, Tada

KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"
NEW = "nine quiet lanterns drifting"


def added(tada: Tada, name: str, role: Role) -> None:
    secrets = f"{NEW}\n{PASSWORD}"
    result = tada("staff", "add", name, "--role", role, "--by", "Mei", "--password-stdin", typed=secrets)
    assert result.exit_code == 0, result.output


def test_the_page_on_keys_tells_what_each_role_may_do() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \| (yes|no) \|", KEYS_PAGE.read_text("utf-8"), re.MULTILINE)
    assert [role for role, *_ in rows] == list(ROLES)
    assert {role for role, opens, _ in rows if opens == "yes"} == ROLES_THAT_READ
    assert {role for role, _, holds in rows if holds == "yes"} == ROLES_WITH_SLOT


def test_the_help_names_those_who_open_cases(tada: Tada) -> None:
    said = " ".join(tada("staff", "add", "--help").stdout.split())
    named = re.search(r"(\w+) and (\w+) open cases", said)
    assert named is not None
    assert set(named.groups()) == ROLES_THAT_READ


@pytest.mark.parametrize("role", ROLES)
def test_a_colleague_reads_the_queue_if_the_role_opens_cases(tada: Tada, role: Role) -> None:
    added(tada, "Jo", role)
    result = tada("case", "list", env={"TADA_STAFF": "Jo", "TADA_PASSWORD": NEW})
    assert (result.exit_code == 0) == (role in ROLES_THAT_READ)
    assert ("docs/keys.md" in result.stderr) == (role not in ROLES_THAT_READ)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("key_holder", "1 can open cases, 2 hold the desk key"),
        ("intake", "2 can open cases, 2 hold the desk key"),
        ("auditor", "One colleague alone holds the desk key"),
    ],
)
def test_the_doctor_counts_who_opens_cases_apart_from_who_holds_the_key(
    tada: Tada, role: Role, said: str
) -> None:
    added(tada, "Jo", role)
    assert any(said in finding["what"] for finding in json.loads(tada("doctor", "--json").stdout))
