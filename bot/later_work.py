"""Later work: errands are run by an engine that survives being killed. All use of DBOS is in this module.

An errand is a row of `later_work` (`storage.errand_queue`), and the row is the truth. An attempt at it is a
workflow of the engine, which is named after the row and the number of the attempt, and is given the row's id
alone. A worker that is started again goes on with the attempts it had in hand; those of a worker that does not
come back are resumed by another one. Should the engine forget an attempt, the row falls due again by itself.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from bot.errands import GiveUp, Runner, TryAgain
from bot.locked_json import LockedJson
from bot.pacing import OTHERS, PACES, Provider, provider_of
from storage.database import Database
from storage.errand_queue import ErrandQueue, Opened, Taken
from storage.keys import KeyDirectory
from storage.places import Place

if TYPE_CHECKING:
    from dbos import DBOSConfig

logger = logging.getLogger(__name__)

APPLICATION_VERSION = "1"
"""Of the workflow below, not of the program: the engine leaves attempts of another version alone for ever."""

FILE_NAME = "later-work.sqlite3"
"""With SQLite the engine has a file of its own, so that people's messages need not wait for its writing."""

SCHEMA = "later_work_engine"
"""With PostgreSQL it has a schema of its own in the same database."""

LOOK_SECONDS = 0.25
"""Between two looks at what is due. A reply that has to be sent waits for half of it on average."""

TIDY_SECONDS = 60.0

ENGINE_KEPT = timedelta(hours=1)
"""The engine's own rows are deleted after this: by then the row of an errand has long fallen due again."""

STOP_SECONDS = 10
"""What runs is given so long to end."""

_THREADS = 16
_RECOVERIES = 3
"""An attempt that takes the worker down with it this often is left; the errand's next one comes in its time."""

_BATCH = 500


class LaterWork:
    """Runs errands until it is stopped. There is one in a process, for the engine allows no second one.

    Args:
        database: where errands wait.
        keys: what opens their letters.
        home: where the engine's file lies, with SQLite.
        runners: what runs them, by kind; of one provider's kinds the first ones are taken first.
        place: the place of this worker, which is its name to the engine.
        steady: a clock that only goes on, in seconds.
    """

    def __init__(
        self,
        database: Database,
        keys: KeyDirectory,
        home: Path,
        runners: Mapping[str, Runner],
        place: Place,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = ErrandQueue(database, keys)
        self._database, self._keys, self._home = database, keys, home
        self._runners = runners
        self._place = place
        self._providers = {
            name: Provider(PACES.get(name, OTHERS), steady) for name in map(provider_of, runners)
        }
        self._stopping, self._look_now = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._look_until_stopped, name="errands")

    def start(self) -> None:
        """Launch the engine, which goes on with what this worker had in hand, and begin to look for more.

        Raises: whatever the engine makes of a database it cannot use; nothing is left of it then.
        """
        _keep_quiet()
        from dbos import DBOS, SetWorkflowID

        self._engine = _engine(self._database, self._home)
        DBOS(config=_config(self._engine, self._keys, name_of(self._place.number)))

        def errand(row: str) -> None:
            # No step of the engine's within: the row itself says whether there is anything left to do.
            self._attempt(str(DBOS.workflow_id))

        self._workflow = DBOS.workflow(name="errand", max_recovery_attempts=_RECOVERIES)(errand)
        self._named: Callable[[str], Any] = SetWorkflowID
        try:
            DBOS.launch()
        except Exception:
            self._shut_down()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, wait a little for what runs, and shut the engine down."""
        self._stopping.set()
        self._look_now.set()
        self._thread.join()
        self._shut_down(STOP_SECONDS)

    def _shut_down(self, patience: int = 0) -> None:
        from dbos import DBOS

        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience)
        self._engine.dispose()

    # -------------------------------------------------------------- taking

    def _look_until_stopped(self) -> None:
        tidy_at = time.monotonic()
        while not self._stopping.is_set():
            self._look_now.clear()
            try:
                self._look()
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + TIDY_SECONDS
                    self._tidy()
            except Exception:
                logger.exception("errands could not be looked for")
            self._look_now.wait(LOOK_SECONDS)

    def _look(self) -> None:
        """Take what is due and may be begun, and begin it."""
        from dbos import DBOS

        for kind in self._queue.due(self._runners, datetime.now(UTC)):
            provider = self._providers[provider_of(kind)]
            room = provider.room()
            if not room:
                continue
            for taken in self._queue.take(kind, room, datetime.now(UTC)):
                attempt = _attempt_name(taken)
                provider.begin(attempt)
                try:
                    with self._named(attempt):
                        DBOS.start_workflow(self._workflow, taken.id.hex())
                except BaseException:
                    provider.end(attempt, answered=None)
                    raise

    # -------------------------------------------------------------- running

    def _attempt(self, attempt: str) -> None:
        """Run one attempt to its end; nothing is raised, for the engine would keep what it said."""
        taken = _taken(attempt)
        try:
            for earlier in self._queue.before(taken, datetime.now(UTC)):
                self._once_more(earlier)
            errand = self._queue.opened(taken, datetime.now(UTC))
            if errand is not None and errand.kind in self._runners:
                provider = self._providers[provider_of(errand.kind)]
                provider.begin(attempt)  # one that was begun before a restart is counted here
                provider.end(attempt, self._outcome(taken, errand))
        except Exception:
            # The row stays as it is, and falls due again.
            logger.exception("what became of an errand could not be kept")
        finally:
            for provider in self._providers.values():
                provider.end(attempt, answered=None)
            self._look_now.set()

    def _once_more(self, taken: Taken) -> None:
        """Try what should have been sent to the same person before, and was put off."""
        errand = self._queue.opened(taken, datetime.now(UTC))
        if errand is not None and errand.kind in self._runners:
            self._outcome(taken, errand)

    def _outcome(self, taken: Taken, errand: Opened) -> bool:
        """Run an errand and keep what became of it; return whether the provider was there."""
        try:
            self._runners[errand.kind](errand.subject, errand.letter)
        except TryAgain as later:
            self._queue.again(taken, later.code, later.after, datetime.now(UTC))
            return later.after is not None
        except GiveUp as never:
            self._queue.give_up(taken, never.code, datetime.now(UTC))
            logger.error("an errand was given up", extra={"error": errand.kind})
            return True
        except Exception as error:
            logger.exception("an errand failed")
            self._queue.again(taken, type(error).__name__, None, datetime.now(UTC))
            return False
        self._queue.done(taken)
        return True

    # -------------------------------------------------------------- tidying

    def _tidy(self) -> None:
        """Resume what dead workers had in hand, and delete what the engine no longer needs."""
        from dbos import DBOS

        if not self._place.leads():
            return
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False, limit=_BATCH)
        for executor in {str(workflow.executor_id) for workflow in pending}:
            if not self._place.is_taken(_number_of(executor)):
                for workflow in pending:
                    if workflow.executor_id == executor:
                        DBOS.resume_workflow(workflow.workflow_id)
        before = (datetime.now(UTC) - ENGINE_KEPT).isoformat()
        while old := DBOS.list_workflows(end_time=before, load_input=False, load_output=False, limit=_BATCH):
            DBOS.delete_workflows([workflow.workflow_id for workflow in old], delete_children=True)


# ------------------------------------------------------------------ names


def name_of(number: int) -> str:
    """Return how the engine knows the worker that has a place."""
    return f"worker-{number}"


def _number_of(executor: str) -> int:
    return int(executor.rpartition("-")[2])


def _attempt_name(taken: Taken) -> str:
    return f"{taken.id.hex()}-{taken.attempt}"


def _taken(attempt: str) -> Taken:
    row, _, number = attempt.partition("-")
    return Taken(bytes.fromhex(row), int(number))


# ------------------------------------------------------------------ how the engine is set up


def _keep_quiet() -> None:
    """Have the engine's lines written by our own handler, and nothing in the environment lead it elsewhere."""
    for name in [name for name in os.environ if name.startswith("DBOS_")]:
        del os.environ[name]
    # It adds a handler that writes the texts of exceptions, unless there is one.
    logging.getLogger("dbos").addHandler(logging.NullHandler())


def _config(engine: Engine, keys: KeyDirectory, executor: str) -> DBOSConfig:
    return {
        "name": "tada",
        "system_database_engine": engine,
        "dbos_system_schema": SCHEMA,
        "application_version": APPLICATION_VERSION,
        "executor_id": executor,
        "serializer": LockedJson(keys),  # type: ignore[typeddict-item]
        "log_level": "ERROR",
        "enable_otlp": False,
        "max_executor_threads": _THREADS,
        # We use neither notifications nor schedules; to stop takes one look for the former.
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 0.25,
        "scheduler_polling_interval_sec": 600.0,
    }


def _engine(database: Database, home: Path) -> Engine:
    if database.dialect == "postgresql":
        return create_engine(
            database.engine.url, pool_size=5, max_overflow=5, pool_pre_ping=True, hide_parameters=True
        )
    file = home / FILE_NAME
    _forget_if_damaged(file)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(make_url(f"sqlite:///{file}"), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # synchronous: after a power cut the last attempts may be missing here, and their rows fall due again.
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.execute("PRAGMA foreign_keys=ON").close()

    return engine


def _forget_if_damaged(file: Path) -> None:
    """Remove a file that is no longer a database: nothing is lost with it, for the errands are elsewhere."""
    try:
        connection = sqlite3.connect(file)
        try:
            connection.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        logger.error("the file of the engine was damaged, and is made anew")
        for ending in ("", "-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
