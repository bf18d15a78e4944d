"""`tada serve` as an operator starts it: it answers, says how to go on, and stops cleanly."""

from __future__ import annotations

import re
import resource
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.erasing import EraseJournal
from storage.invitations import read_invitation
from storage.schema import cases
from tada.instance import Instance
from tada.problems import told
from tada.ready import make_ready
from tada.serve import _welcome
from tests.tada.calling import PASSWORD, Tada, run
from tests.tada.serving import Server, free_port, serving

CANARY = "canary-9c1e-only-in-the-chat"


def test_it_answers_says_how_to_go_on_and_stops_with_status_0(home: Path) -> None:
    with serving(home) as server:
        assert server.ask("/healthz")
        assert f"{server.address}/" in server.printed
        assert "case list" in server.printed
        assert "case show" in server.printed

        begun = server.ask("/chat/sessions", {})
        server.ask("/chat/messages", {"id": "m1", "text": CANARY}, begun["token"])

        assert server.stop() == 0
        assert CANARY not in server.printed + server.logged
        assert begun["token"] not in server.printed + server.logged
        assert "Traceback" not in server.logged


def test_the_background_work_runs_beside_it_wherever_it_is_started(home: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("raise SystemExit('this is not ours')")
    with serving(home, folder=tmp_path) as server:
        until = time.monotonic() + 40
        while not (home / "worker.seen").exists() and time.monotonic() < until:
            time.sleep(0.05)

        assert (home / "worker.seen").exists()
        assert server.stop(signal.SIGTERM) == 0


def test_a_port_in_use_is_said_with_another_one_to_try(tada: Tada) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = tada("serve", "--port", str(port))

    assert result.exit_code == 1
    assert f"Port {port} is in use" in result.stderr
    assert f"--port {port + 1}" in result.stderr


def refused(home: Path, **env: str) -> str:
    """What is said instead of making an instance ready."""
    with pytest.raises(Exception) as refusal:  # noqa: PT011 - told() takes any
        make_ready(Instance({"TADA_HOME": str(home), **env}))
    return told(refusal.value)


def test_a_refusal_to_serve_is_said_in_one_line_with_status_1(home: Path) -> None:
    (home / "keys" / "intake.key").chmod(0o644)
    server = Server(home, free_port())
    try:
        status = server.stop(0)
    finally:
        server.end()

    assert status == 1
    assert len(server.logged.splitlines()) == 1
    assert "intake.key" in server.logged


def test_it_does_not_go_public_while_the_referral_for_children_is_unchecked(home: Path) -> None:
    public = {"TADA_PUBLIC_URL": "https://chat.example.org"}

    assert "under 16" in refused(home, **public)
    (home / "facts.toml").write_text("[web547]\nchecked = 2026-11-22\nverified = true\n")
    make_ready(Instance({"TADA_HOME": str(home), **public}))


def test_it_does_not_start_with_a_desk_key_that_is_not_the_pinned_one(home: Path) -> None:
    assert "TADA_DESK_KEY_FINGERPRINT" in refused(home, TADA_DESK_KEY_FINGERPRINT="0" * 64)
    (home / "keys" / "desk-1.pub").write_text("ab" * 32 + "\n")
    assert "desk" in refused(home)


def test_it_does_not_start_with_the_database_of_another_instance(home: Path, tmp_path: Path) -> None:
    run(tmp_path / "other", "init")

    assert "another database" in refused(home, TADA_DATABASE_URL=f"sqlite:///{tmp_path}/other/tada.sqlite3")


def test_a_case_that_was_erased_does_not_come_back_with_a_backup(home: Path, tada: Tada) -> None:
    instance = Instance({"TADA_HOME": str(home)})
    with instance.database.reading() as connection:
        (case_id,) = connection.scalars(select(cases.c.id))
    EraseJournal(home / "erased").note(case_id)

    make_ready(instance)

    with instance.database.reading() as connection:
        assert connection.scalars(select(cases.c.id)).all() == []


def test_the_first_sign_in_at_the_desk_is_printed_until_somebody_works_here(tmp_path: Path) -> None:
    run(tmp_path, "init")
    instance = Instance({"TADA_HOME": str(tmp_path)})
    said = "\n".join(_welcome(instance, "http://127.0.0.1:8000"))
    link = re.search(r"http://localhost:8001/desk/link/([\w-]{43}) ", said)
    assert link
    assert read_invitation(instance.database, link[1], datetime.now(UTC)).kind == "first"

    run(tmp_path, "staff", "add", "Mei", "--role", "supervisor", "--password-stdin", typed=f"{PASSWORD}\n")

    assert "http://localhost:8001/desk/\n" in "\n".join(_welcome(instance, "http://127.0.0.1:8000"))


def test_the_chat_and_the_desk_are_programs_of_their_own(home: Path) -> None:
    with serving(home) as server:
        desk = re.search(r"http://localhost:\d+/", server.printed)
        assert desk
        answers = [status_of(server.address + path) for path in ("/", "/desk/sign-in")]
        answers += [status_of(desk[0] + path) for path in ("", "desk/sign-in")]
        assert answers == [200, 404, 404, 200]
        if sys.platform == "linux":  # what they begin with, and hand on to whatever they start
            assert resource.prlimit(server.pid, resource.RLIMIT_CORE) == (0, 0)
            assert "\nUmask:\t0077\n" in Path(f"/proc/{server.pid}/status").read_text()
        assert server.stop() == 0


def status_of(address: str) -> int:
    """The status of a page."""
    try:
        with urllib.request.urlopen(address, timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    ("surface", "chat", "desk"), [("intake", True, False), ("desk", False, True), ("all", True, True)]
)
def test_only_what_is_served_is_printed(home: Path, surface: str, chat: bool, desk: bool) -> None:
    instance = Instance({"TADA_HOME": str(home), "TADA_SURFACE": surface})
    said = "\n".join(_welcome(instance, "http://127.0.0.1:8000"))
    assert ("Web chat" in said, "The desk" in said) == (chat, desk)
