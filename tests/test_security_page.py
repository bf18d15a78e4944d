"""What SECURITY.md promises is what the code keeps to, and what the code refers to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import desk
import webhook
from bot import limits, outbound
from desk.access import ACCESS, Stage
from flows import own_words, turn
from storage import codes, guessing, passwords, sessions
from storage.staff import ROLES
from tests.test_house import MAY_IMPORT, sources

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

LARGER = {route.split("/")[-1]: size // 1024 for route, size in webhook.LARGER_BODIES.items()}

TOLD = {
    "one address": (limits.MESSAGES_A_MINUTE, limits.CONVERSATIONS_A_DAY),
    "everybody together": (limits.CONVERSATIONS_AN_HOUR,),
    "one message": (turn.LONGEST_TEXT, turn.LONGEST_LINKS),
    "one case": (own_words.MOST_LINKS,),
    "case codes": (codes.TRIES_OF_ADDRESS, codes.TRIES_OF_ALL),
    "the body of a request": (
        webhook.LARGEST_BODY // 1024,
        desk.LARGEST_BODY // 1024,
        LARGER["telegram"],
        LARGER["whatsapp-cloud"],
    ),
    "calls to others": (outbound.LIMIT_SECONDS,),
    "passwords of colleagues": (passwords.SHORTEST, passwords.LONGEST),
    "guesses at a sign-in": (guessing.FREE_TRIES, guessing.LONGEST_WAIT.seconds // 60),
    "a sign-in": (sessions.IDLE.seconds // 60, sessions.LONGEST.seconds // 3600),
    "an unusual one: a browser not seen before, or three wrong tries": (),
    "a second factor": (sessions.HALF_WAY.seconds // 60, sessions.FRESH.seconds // 60),
}
"""The numbers of each row of the limits, in their order."""


def rows(heading: str) -> dict[str, str]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| ([^|-][^|]*) \| ([^|]*) \|$", section, re.MULTILINE)[1:])


def test_every_limit_is_told_with_the_number_that_the_code_has() -> None:
    told = {
        name: tuple(float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text))
        for name, text in rows("Limits").items()
    }

    assert told == TOLD


def test_every_role_is_told_and_has_something_to_do() -> None:
    assert [name.strip("`") for name in rows("Roles")] == list(ROLES)
    assert set().union(*(rule.who for rule in ACCESS.values() if not isinstance(rule.who, Stage))) == set(
        ROLES
    )


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_promises_and_pages_that_the_code_names_are_there(folder: str) -> None:
    text = "".join(source.read_text(encoding="utf-8") for source in sources(folder))
    pages = set(re.findall(r"\bdocs/[\w-]+\.md|\b[A-Z]+\.md", text))

    assert {page for page in pages if not (ROOT / page).exists()} == set()
    assert {promise for promise in re.findall(r"\bP\d\b", text) if f"| {promise} |" not in PAGE} == set()
    assert "threat model" not in text
