"""`tada serve` as a program of its own, as an operator starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running `tada serve` and everything it prints."""

    def __init__(
        self, home: Path, port: int, folder: Path = ROOT, settings: Mapping[str, str] | None = None
    ) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.desk_port = free_port()
        self._process = subprocess.Popen(
            [
                *(Path(sys.executable).with_name("tada"), "serve"),
                *("--port", str(port), "--desk-port", str(self.desk_port)),
            ],
            cwd=folder,
            env={
                **os.environ,
                "TADA_HOME": str(home),
                "TADA_DESK_URL": f"http://localhost:{self.desk_port}",
                **(settings or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            umask=0o022,
        )
        self.pid = self._process.pid
        self.printed = ""
        self.logged = ""
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.printed += line
            if "Ctrl-C" in line:
                return
        raise AssertionError(f"it did not start: {self.logged}")

    def ask(self, path: str, body: object = None, token: str = "") -> Any:
        request = urllib.request.Request(
            self.address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def stop(self, number: int = signal.SIGINT) -> int:
        self._process.send_signal(number)
        assert self._process.stdout
        self.printed += self._process.stdout.read()
        status = self._process.wait(timeout=30)
        self._reader.join(timeout=5)
        return status

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _read_log(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self.logged += line


@contextmanager
def serving(
    home: Path, folder: Path = ROOT, port: int = 0, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run it, with these settings."""
    server = Server(home, port or free_port(), folder, settings)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.end()
