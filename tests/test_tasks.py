"""Setting up a machine: nothing is done twice, and what is lacking is said in one line."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import tasks


def program(folder: Path, name: str, status: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {status}\n")
    path.chmod(0o700)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its path but the shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "browsers"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tasks, "_attempt", lambda *command, **rest: None)
    return folder


def test_an_older_python_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 14))

    with pytest.raises(SystemExit) as refused:
        tasks.main()

    assert "3.11" in str(refused.value.code)
    assert "\n" not in str(refused.value.code)


def test_a_browser_of_the_system_is_taken_if_it_starts(bare: Path) -> None:
    program(bare, "chromium", status=1)
    chrome = program(bare, "google-chrome")

    assert tasks.find_browser() == str(chrome)


def test_a_machine_without_a_browser_is_told_how_to_get_one(bare: Path) -> None:
    # In a thread of its own: a browser of other tests may be at work in this one, and Playwright allows no second.
    with (
        ThreadPoolExecutor() as aside,
        pytest.raises(tasks.Lacking, match="install the package chromium") as lacking,
    ):
        aside.submit(tasks.provide_browser).result()

    assert "\n" not in str(lacking.value)


def test_a_machine_without_a_chinese_font_is_told_how_to_get_one(bare: Path) -> None:
    program(bare, "chromium")

    with pytest.raises(tasks.Lacking, match="fonts-noto-cjk"):
        tasks.provide_browser()


def test_an_environment_filled_from_these_locks_is_not_filled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    program(binaries, "python")
    filled: list[str] = []
    monkeypatch.setattr(tasks, "BINARIES", binaries)
    monkeypatch.setattr(tasks, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(tasks, "_fill", filled.append)

    tasks.prepare("requirements-dev.txt")
    tasks.prepare("requirements-dev.txt")
    tasks.prepare("requirements.txt")
    assert filled == ["requirements-dev.txt"]

    monkeypatch.setattr(sys, "version", "another Python")
    tasks.prepare("requirements.txt")
    assert filled == ["requirements-dev.txt", "requirements.txt"]


def test_no_program_is_compiled_anew_whenever_it_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "argv", ["tasks.py", "check"])
    kept: list[str | None] = []
    monkeypatch.setitem(
        tasks.TASKS, "check", lambda _: kept.append(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    )

    tasks.main()

    assert kept == [None]


@pytest.mark.parametrize("arguments", [[], [""], ["nowhere"]])
def test_contracts_without_their_folder_are_told_in_one_line_what_to_give(arguments: list[str]) -> None:
    with pytest.raises(tasks.Lacking, match="CONTRACTS=<folder>") as lacking:
        tasks.contracts(arguments)

    assert "\n" not in str(lacking.value)
