"""How the pages are served: `python -m tada.web`, which `tada serve` starts.

Requests are parsed outside Python. The program is put together once, before the processes are forked, so that
they share its memory.
"""

from __future__ import annotations

import gc
import os

import click
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from logs import keep_logs
from tada.instance import Instance
from tada.problems import told
from tada.supervisor import stop_with_parent

THREADS = 3
"""Of one process, measured with 16 people. More of them would take the interpreter from each other, and fewer would let the
first slow ones hold up all."""

GRACE_SECONDS = 10
"""What messages being answered have when the server stops."""

SLOW_HEADERS = 10_000
"""Milliseconds in which the head of a request has to be there."""

LARGEST_HEAD = 16 * 1024
"""Bytes of the head of a request."""

# Granian's own log: what broke, by our rule (`logs.Lines`), which the root logger keeps to.
_LOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}, "granian.access": {"handlers": []}},
}


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


@click.command()
@click.option("--surface", type=click.Choice(["intake", "desk", "all"]), default="all")
@click.option("--host", default="127.0.0.1")
@click.option("--port", type=int, default=8000)
@click.option("--processes", type=int, default=2)
def main(surface: str, host: str, port: int, processes: int) -> None:
    """Serve until TERM."""
    os.umask(0o077)
    os.environ["TADA_SURFACE"] = surface
    app = application()

    def in_process() -> Flask:
        stop_with_parent()
        # What was loaded before the fork stays: looking through it for garbage again and again finds none,
        # and would copy the pages that the processes share.
        gc.freeze()
        # Rows and requests leave few rings behind. More of them at a time would be three MiB more in each process.
        gc.set_threshold(2_000)
        return app

    server = Granian(
        "tada.web",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=THREADS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=SLOW_HEADERS, max_buffer_size=LARGEST_HEAD),
        websockets=False,
        log_level=LogLevels.error,
        log_dictconfig=_LOG,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
    )
    server.serve(target_loader=in_process, wrap_loader=False)


if __name__ == "__main__":
    main()
