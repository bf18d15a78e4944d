"""Programs that run side by side are started again when they die, and stop together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tada import supervisor
from tada.supervisor import Program, keep_running

FOR_EVER = "import time; time.sleep(60)"


def program(code: str, *arguments: str) -> Program:
    return Program("one", [sys.executable, "-c", code, *arguments], os.environ)


def soon(condition: Callable[[], bool], then: Callable[[], object]) -> None:
    """Do something in a thread of its own once a condition holds, or after ten seconds."""

    def wait() -> None:
        until = time.monotonic() + 10
        while not condition() and time.monotonic() < until:
            time.sleep(0.01)
        then()

    threading.Thread(target=wait, daemon=True).start()


def ask_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_program_that_dies_before_it_is_ready_is_not_started_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    dying = program("import sys; open(sys.argv[1], 'a').write('x')", str(log))

    assert not keep_running(dying, lambda: False, lambda: None, beside=[program(FOR_EVER)])
    assert log.read_text() == "x"


def test_a_program_that_dies_later_is_started_again_after_a_pause(tmp_path: Path) -> None:
    log = tmp_path / "log"
    dying = program("import sys, time; open(sys.argv[1], 'a').write('x'); time.sleep(.3)", str(log))
    soon(lambda: log.exists() and log.read_text() == "xx", ask_to_stop)

    assert keep_running(dying, lambda: True, lambda: None)
    assert log.read_text() == "xx"


def test_asking_to_stop_stops_them_all(tmp_path: Path) -> None:
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    logs = [tmp_path / "first", tmp_path / "second"]
    running = lambda: all(log.exists() and log.read_text() for log in logs)  # noqa: E731
    soon(running, ask_to_stop)

    first, second = (program(code, str(log)) for log in logs)
    assert keep_running(first, logs[0].exists, lambda: None, beside=[second])
    assert [is_alive(int(log.read_text())) for log in logs] == [False, False]


def test_one_that_does_not_stop_by_itself_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    log = tmp_path / "log"
    stubborn = program(
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "open(sys.argv[1], 'w').write('x'); time.sleep(60)",
        str(log),
    )
    soon(log.exists, ask_to_stop)
    began = time.monotonic()

    keep_running(stubborn, lambda: True, lambda: None)
    assert time.monotonic() - began < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program that its parent is gone")
def test_nothing_runs_on_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    code = (
        "import os, sys; from tada.supervisor import Program, keep_running\n"
        f"keep_running(Program('one', [sys.executable, '-c', {child!r}, sys.argv[1]], os.environ), "
        "lambda: False, lambda: None)"
    )
    root = Path(__file__).parent.parent.parent
    parent = subprocess.Popen([sys.executable, "-c", code, str(log)], cwd=root)
    until = time.monotonic() + 10
    while not (log.exists() and log.read_text()) and time.monotonic() < until:
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    while is_alive(int(log.read_text())) and time.monotonic() < until:
        time.sleep(0.01)

    assert not is_alive(int(log.read_text()))
