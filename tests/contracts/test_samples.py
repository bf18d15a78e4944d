"""Every sample, as it would reach us, is met as the table beside this file says in our own words."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.channels import twilio
from tests.contracts.conftest import FOLDER, read
from tests.contracts.playing import SAMPLES, Instance, answer_of, method_of, names
from tests.contracts.specifications import BotApi

with (Path(__file__).parent / "samples.csv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table))

PLAYED = [row["sample"] for row in ROWS]
ANSWERS = [name for name in names() if name.startswith("reply_")]
UPDATES = [name for name in PLAYED if name.startswith("telegram_")]
BATCHES = [name for name in PLAYED if name.startswith("cloud_") and name.endswith(".json")]

AHEAD_OF_BOT_API = {"telegram_unknown_update_type.json"}
"""Of a kind that is in no specification: that is what it is for."""
AHEAD_OF_GRAPH = {
    "cloud_edit.json",
    "cloud_group_created.json",
    "cloud_reaction_removed.json",
    "cloud_revoke.json",
    "cloud_system_user_changed_user_id.json",
    "cloud_text_username_user.json",
}
"""What Meta's published specification is older than: usernames, edits and what is taken back. Of groups it has an
example that it does not itself allow."""


@pytest.fixture
def instance(tmp_path: Path, sqlite_url: str) -> Instance:
    """The product, and nobody has written yet."""
    return Instance(tmp_path / "home", sqlite_url)


def test_every_sample_that_is_there_is_played() -> None:
    stated = re.search(r"(\d+) requests and replies", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(PLAYED + ANSWERS) == names()
    assert stated
    assert len(PLAYED) + len(ANSWERS) == int(stated[1])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['sample']}: {row['means']}")
def test_a_sample_is_met_as_the_table_says(instance: Instance, bot_api: BotApi, row: dict[str, str]) -> None:
    came = instance.play(row["sample"])
    assert came.answer.status_code == int(row["status"])
    assert answer_of(row["sample"], came.answer) == row["answer"]
    assert came.conversations == int(row["people"])
    assert came.later == tuple(row["later"].split())
    if row["sample"] in UPDATES and (called := method_of(came.answer)):
        assert bot_api.complaints(called.pop("method"), called) == []


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("twilio_duplicate_1.txt", "twilio_duplicate_2.txt"),
        ("twilio_duplicate_1.txt", "twilio_fallback.txt"),
        ("telegram_duplicate_1.json", "telegram_duplicate_2.json"),
        ("cloud_duplicate_1.json", "cloud_duplicate_2.json"),
    ],
)
def test_what_comes_again_is_answered_the_same_and_makes_no_second_step(
    instance: Instance, first: str, again: str
) -> None:
    once, twice = instance.play(first), instance.play(again)
    assert (twice.answer.status_code, twice.answer.data) == (once.answer.status_code, once.answer.data)
    assert (twice.conversations, twice.later) == (once.conversations, once.later)


@pytest.mark.parametrize("name", [name for name in UPDATES if name not in AHEAD_OF_BOT_API])
def test_an_update_is_one_that_the_specification_has(bot_api: BotApi, name: str) -> None:
    assert bot_api.of_type("Update", json.loads((SAMPLES / name).read_bytes())) == []


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_is_one_that_the_specification_has_unless_it_is_newer(name: str) -> None:
    schema = Draft202012Validator(read("meta_webhook_inbound_repaired.schema.json"))
    wrong = list(schema.iter_errors(json.loads((SAMPLES / name).read_bytes())))
    assert bool(wrong) == (name in AHEAD_OF_GRAPH)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answers_that_stand_there_as_ours_are_ones_that_providers_take(
    bot_api: BotApi, name: str
) -> None:
    answer = (SAMPLES / name).read_bytes()
    if name.startswith("reply_twilio"):
        twilio.texts(answer)
        return
    called = json.loads(answer)
    assert bot_api.complaints(called.pop("method"), called) == []
