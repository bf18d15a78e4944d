"""The queue of writers to one SQLite file, and how those who wait in it are written together.

SQLite knows one writer. Left to itself it lets writers sleep and try again, and one of them may wait for seconds;
here they queue. And as every commit waits for the disk, which takes as long for several messages as for one,
whoever's turn it is writes for all who came meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.exc import OperationalError

from storage.errors import StoreAway
from storage.line import Line, Writing

try:
    import fcntl
except ImportError:  # Windows: one process at a time serves a file there, and SQLite's own lock remains
    fcntl = None  # type: ignore[assignment]

WAIT_SECONDS = 10
"""How long a transaction waits for its turn. Twilio gives up on us after 15."""


class Held:
    """A lock, waited for no longer than a message may take.

    Raises:
        StoreAway: it was not to be had in that time.
    """

    def __init__(self, lock: threading.Lock | threading.RLock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise StoreAway("no turn within the time that a message may take")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class WriterQueue:
    """The queue: a lock for threads, a lock on a file for processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gate = path.with_name(path.name + ".gate")
        self.forget()

    def forget(self) -> None:
        """Start anew, as after a fork: a file opened before it would share its lock with the parent."""
        self._turn = Held(threading.Lock())
        self._locked: int | None = None
        self._files: tuple[int, int] | None = None

    def __enter__(self) -> None:
        self._turn.__enter__()
        try:
            self._locked = self._lock()
        except BaseException:
            self._turn.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        if self._locked is not None:
            fcntl.flock(self._locked, fcntl.LOCK_UN)
        self._turn.__exit__()

    def _lock(self) -> int | None:
        """Take the lock through a gate, so that processes take turns.

        Whoever waits for the lock holds the gate. Without it a process that lets go and asks again at once
        gets the lock again, and the other waits for a second.
        """
        if fcntl is None:
            return None
        try:
            if self._files is None:
                self._files = _opened(self._gate), _opened(self._path)
            gate, lock = self._files
            fcntl.flock(gate, fcntl.LOCK_EX)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
            finally:
                fcntl.flock(gate, fcntl.LOCK_UN)
        except OSError as error:
            raise StoreAway(f"the lock file: {type(error).__name__}") from None
        return lock


class GroupCommit:
    """Commits as one transaction what several threads have to write. One that is refused costs the others nothing.

    Whoever finds nobody at it leads: waits in the queue, writes for all who came until it was their turn, and hands on
    to one of those who came since.
    """

    def __init__(self, queue: WriterQueue) -> None:
        self._queue = queue
        self._guard = threading.Lock()
        self._is_led = False
        self._waiting: list[_Waiting] = []

    def write(self, line: Line, writing: Writing) -> None:
        """Have it written durably: on this line, or on that of whoever leads.

        Raises: what `writing` raised, or the database, or `StoreAway` where the turn did not come; then nothing of it
            was kept.
        """
        mine = _Waiting(writing)
        with self._guard:
            self._waiting.append(mine)
            mine.leads, self._is_led = not self._is_led, True
        if not mine.leads and not mine.woken.acquire(timeout=WAIT_SECONDS):
            with self._guard:
                if mine in self._waiting and not mine.leads:
                    self._waiting.remove(mine)
                    raise StoreAway("no turn within the time that a message may take")
            # Woken this very moment, or being written: that takes no longer than the disk does.
            mine.woken.acquire()
        if mine.leads:
            self._lead(line)
        if mine.error is not None:
            raise mine.error

    def _lead(self, line: Line) -> None:
        group: list[_Waiting] = []
        try:
            with self._queue:
                group = self._all_who_wait()
                _write(line, group)
        except BaseException as error:
            # Whatever it was, nobody waits for ever: their turn did not come, or may not have been kept.
            group = group or self._all_who_wait()
            for each in group:
                each.error = error
        finally:
            with self._guard:
                self._is_led = bool(self._waiting)
                for each in self._waiting[:1]:
                    each.leads = True
                    each.woken.release()
            for each in group:
                if not each.leads:
                    each.woken.release()

    def _all_who_wait(self) -> list[_Waiting]:
        with self._guard:
            group, self._waiting = self._waiting, []
        return group


class _Waiting:
    """What one thread has to write, and how it went.

    Attributes:
        leads: whether this thread is to write what waits.
        woken: released when it leads, or its own was written.
    """

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.leads = False
        self.woken = threading.Lock()
        self.woken.acquire()
        self.error: BaseException | None = None


def _write(line: Line, group: Sequence[_Waiting]) -> None:
    try:
        line.commit(*(each.writing for each in group))
    except OperationalError as error:
        # Locked, full or gone: it would be so for each of them, and each would wait for it again.
        for each in group:
            each.error = error
    except BaseException:
        # Whose fault it was, shows when each is written alone.
        for each in group:
            try:
                line.commit(each.writing)
            except BaseException as error:
                each.error = error


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
