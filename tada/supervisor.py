"""Keeps programs running side by side: starts them, replaces one that dies, and stops them together."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds before a program that keeps dying is started again; the first times it is 1, 2, 4 …"""

STEADY_SECONDS = 60.0
"""Seconds of running after which a death counts as the first one again."""

STOP_SECONDS = 15.0
"""Seconds that programs have for stopping by themselves."""

_LOOK_SECONDS = 0.25
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """Something to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path | None = None
    """Where it is started, if that matters."""


class Kept:
    """A program that is kept running: its process, and when it may be started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._deaths = 0
        self._start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    def start(self) -> None:
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours
            self.program.command,
            env=dict(self.program.environment),
            cwd=self.program.folder,
            stdin=subprocess.DEVNULL,
            # Ctrl-C reaches this program alone, which then stops the others in its own order.
            start_new_session=True,
            preexec_fn=stop_with_parent,
        )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def look(self) -> None:
        """Start the program again where it died and its pause is over."""
        now = time.monotonic()
        if self.is_running:
            return
        if self._process is not None:
            steady = now - self._started_at >= STEADY_SECONDS
            self._deaths = 1 if steady else self._deaths + 1
            pause = min(2.0 ** (self._deaths - 1), LONGEST_PAUSE)
            self._start_at = now + pause
            logger.error(
                "a program ended and is started again",
                extra={"program": self.program.name, "status": self._process.returncode},
            )
            self._process = None
        if now >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self._process is not None and self.is_running:
            self._process.terminate()

    def wait(self, until: float) -> None:
        """Wait until a monotonic moment for the program to end, and end it then."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            logger.error("a program did not stop by itself", extra={"program": self.program.name})
            with _gone_is_well():
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def keep_running(
    first: Program,
    is_ready: Callable[[], bool],
    when_ready: Callable[[], None],
    beside: Sequence[Program] = (),
    are_ready: Callable[[], bool] = lambda: True,
) -> bool:
    """Run programs until a signal asks to stop (Ctrl-C, or TERM), then stop them all.

    Args:
        is_ready: asked about the first one until it says yes.
        when_ready: called once all are ready.
        beside: started when the first one is ready.
        are_ready: asked about the others until it says yes.
    Returns:
        Whether it ever became ready or was asked to stop; if it dies before, it is not started again.
    """
    stop = threading.Event()
    kept = [Kept(first)]
    with _signals_set(stop):
        try:
            kept[0].start()
            while not is_ready():
                if not kept[0].is_running:
                    return False
                if stop.wait(_LOOK_SECONDS / 10):
                    return True
            kept += map(Kept, beside)
            told = False
            while not stop.is_set():
                for one in kept:
                    one.look()
                if not told and are_ready():
                    when_ready()
                    told = True
                stop.wait(_LOOK_SECONDS if told else _LOOK_SECONDS / 10)
            return True
        finally:
            for one in kept:
                one.ask_to_stop()
            until = time.monotonic() + STOP_SECONDS
            for one in kept:
                one.wait(until)


@contextmanager
def _signals_set(stop: threading.Event) -> Iterator[None]:
    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _gone_is_well() -> Iterator[None]:
    try:
        yield
    except ProcessLookupError:
        return


def stop_with_parent() -> None:
    """Ask Linux for a TERM when the process that started this one is killed: nothing may serve on unwatched."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
