"""How gunicorn serves the web chat: `gunicorn --config python:tada.web`, which `tada serve` starts.

Two processes of eight threads are what `docs/performance.md` measured on two cores; their number can
be given to `tada serve`. The program is loaded before the processes are forked, so that they share its memory.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.glogging import Logger
from prometheus_client.multiprocess import mark_process_dead

from logs import Lines, keep_logs
from tada.instance import Instance
from tada.problems import told


class Log(Logger):  # type: ignore[misc]
    """Gunicorn's own log, told by our rule: what broke, and never a path, a header or an address."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Lines())


def application() -> Flask:
    """Make the instance ready and build the program; where either cannot be, say why in one line and stop."""
    keep_logs()
    try:
        from tada.ready import make_ready
        from webhook import create_app

        make_ready(Instance())
        return create_app()
    except Exception as error:
        click.echo(f"Error: {told(error)}", err=True)
        raise SystemExit(1) from None


def post_fork(server: Any, worker: Any) -> None:
    """Let threads change places sooner than Python does by itself.

    The one that holds the lock on the database gives the interpreter away at every wait for the disk; in
    the usual 5 ms until it has it back, everybody else waits for both.
    """
    sys.setswitchinterval(0.001)
    # What was loaded before the fork stays: looking through it for garbage again and again finds none,
    # and would copy the pages that the processes share.
    gc.freeze()
    gc.set_threshold(10_000)


def child_exit(server: Any, worker: Any) -> None:
    """Take a process that ended out of what `/metrics` adds up."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


wsgi_app = "tada.web:application()"
worker_class = "gthread"
workers = 2
threads = 8
preload_app = True

timeout = 30  # seconds without a sign of life, after which a process is replaced
graceful_timeout = 10  # seconds that messages being answered have when the server stops
keepalive = 15  # seconds; a person thinks longer, a proxy keeps its connections busier
limit_request_line = 1_024
limit_request_fields = 50
limit_request_field_size = 4_096

accesslog = None  # the application logs requests itself, by our rule
errorlog = "-"
loglevel = logging.getLevelName(logging.ERROR).lower()  # below, gunicorn quotes what was sent
logger_class = Log
control_socket_disable = True
umask = 0o077

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a sign of life must not wait for a disk
worker_tmp_dir = str(_IN_MEMORY) if os.access(_IN_MEMORY, os.W_OK) else None
