"""`tada staff` hands out the one-time links by which colleagues come to the desk."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.invitations import read_invitation
from tada.instance import Instance
from tests.tada.calling import PASSWORD, Tada

NEW = "nine quiet lanterns drifting"
CALLS = [
    (("add", "Jo", "--role", "intake", "--by", "Mei"), f"{NEW}\n{PASSWORD}", "Jo"),
    (("link", "Mei", "--by", "Mei"), PASSWORD, "Mei"),
    (("recover", "Mei", "--by", "Mei"), f"{PASSWORD}\n{NEW}", "Mei"),
]


@pytest.mark.parametrize(("arguments", "typed", "name"), CALLS, ids=lambda value: str(value)[:12])
def test_a_link_is_printed_that_sets_a_second_factor(
    tada: Tada, home: Path, arguments: tuple[str, ...], typed: str, name: str
) -> None:
    result = tada("staff", *arguments, "--password-stdin", typed=typed)
    assert result.exit_code == 0, result.output
    link = re.search(r"http://localhost:8001/desk/link/([\w-]{43})\n", result.stdout)
    assert link, result.stdout
    database = Instance({"TADA_HOME": str(home)}).database
    invitation = read_invitation(database, link[1], datetime.now(UTC))
    assert (invitation.kind, invitation.name) == ("factor", name)
