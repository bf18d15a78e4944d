"""`tada report`: figures by month, with nothing that could point to a person."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.counts import count_up, counted
from tada.instance import Instance
from tests.tada.calling import Tada


@pytest.fixture
def home(home: Path) -> Path:
    instance = Instance({"TADA_HOME": str(home)})
    for month, name, n in (
        (11, "seen", 7),
        (11, "referred_x", 4),
        (10, "seen", 5),
        (9, "seen", 9),
        (11, "=1+1", 6),
    ):
        with instance.database.transaction() as connection:
            count_up(connection, counted([name] * n, datetime(2025, month, 3, tzinfo=UTC)))
    instance.database.close()
    return home


ASKED = ("report", "--from", "2025-10", "--to", "2025-11")


def test_small_numbers_are_left_out_and_other_months_too(home: Path, tada: Tada) -> None:
    told = json.loads(tada(*ASKED).stdout)

    assert told == {
        "from": "2025-10",
        "to": "2025-11",
        "left_out_below": 5,
        "months": [
            {"month": "2025-10", "counts": {"seen": 5}},
            {"month": "2025-11", "counts": {"=1+1": 6, "referred_x": None, "seen": 7}},
        ],
    }


def test_a_spreadsheet_finds_no_formula_and_no_small_number(home: Path, tada: Tada) -> None:
    rows = list(csv.reader(io.StringIO(tada(*ASKED, "--format", "csv").stdout)))

    assert rows == [
        ["month", "what", "how often"],
        ["2025-10", "seen", "5"],
        ["2025-11", "'=1+1", "6"],
        ["2025-11", "referred_x", "under 5"],
        ["2025-11", "seen", "7"],
    ]


def test_without_its_package_a_pdf_is_refused_kindly(
    home: Path, tada: Tada, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    result = tada(*ASKED, "--format", "pdf")

    assert result.exit_code == 1
    assert "pip install weasyprint" in result.stderr


@pytest.mark.parametrize("months", [("2025-13", "2025-12"), ("2025-12", "2025-11"), ("november", "2025-11")])
def test_what_is_no_month_is_named(tada: Tada, months: tuple[str, str]) -> None:
    assert tada("report", "--from", months[0], "--to", months[1]).exit_code == 2
