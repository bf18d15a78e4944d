"""Calling `tada` in a test, and holding a conversation that leaves a case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from flows.vocabulary import Heard
from tada.__main__ import cli

if TYPE_CHECKING:
    from bot.receive import Reception

PASSWORD = "seven small boats at dawn"
STORY = "canary-story-7d1f he wrote to my whole class"
LINK = "https://example.com/canary-link-7d1f"

Tada = Callable[..., Result]


def run(home: Path, *arguments: str, typed: str | None = None, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(
        cli, list(arguments), input=typed, env={"TADA_HOME": str(home), **(env or {})}, prog_name="tada"
    )
    assert "Traceback" not in result.output
    return result


def submit_case(reception: Reception, address: str = "a" * 43) -> None:
    """Hold a whole conversation."""
    said = [
        "English", "16_or_above", "agree", "self", "yes", "she", "Canary", "case_code", "any_time", "unidentified",
        "threatened", "skip", STORY, "done", LINK, "done", "submit",
    ]  # fmt: skip
    pressed = {
        "16_or_above",
        "agree",
        "self",
        "yes",
        "she",
        "case_code",
        "unidentified",
        "threatened",
        "submit",
    }
    answer = reception.receive(Heard(channel="web", address=address, id="m", kind="start"))
    for number, text in enumerate(said):
        heard = Heard(channel="web", address=address, id=f"m{number}")
        heard = replace(heard, choice=text) if text in pressed else replace(heard, text=text)
        answer = reception.receive(heard)
    assert answer.step == "submitted", answer.step
