"""The whole program with the network denied: whatever people send, nobody is called but the providers themselves."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.outbound import HOSTS
from storage.setup import initialise
from tests.channels.harness import PUBLIC_URL, Delivery
from tests.channels.registry import CHANNELS
from tests.promises.conftest import Service
from tests.tada.serving import free_port

DENIED = Path(__file__).parent / "denied"
THEIRS = "canary-host.example.net"
"""The host of a link that people send, and of everything that came along with it."""

SECONDS = 40.0
"""For the worker to have tried each provider."""


@pytest.fixture
def environ(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """Every channel is on, and calls would go to the providers' own hosts."""
    initialise(tmp_path / "home", sqlite_url)
    (tmp_path / "home" / "facts.toml").write_text("[web547]\nchecked = 2026-11-22\nverified = true\n")
    given = {
        "TADA_HOME": str(tmp_path / "home"),
        "TADA_DATABASE_URL": sqlite_url,
        "TADA_RATE_LIMITS": "off",
        "TADA_PUBLIC_URL": PUBLIC_URL,
    }
    for channel in CHANNELS:
        given |= channel.settings
    return given


@pytest.fixture
def address(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """`tada serve` with its worker, in which every Python is denied the network."""
    port = free_port()
    run = {**os.environ, **environ, "PYTHONPATH": str(DENIED), "CALLED": str(tmp_path / "called")}
    command = [str(Path(sys.executable).with_name("tada")), "serve", "--port", str(port)]
    command += ["--desk-port", str(free_port())]
    with (tmp_path / "printed").open("w") as printed:
        process = subprocess.Popen(command, env=run, stdout=printed, stderr=printed)
    try:
        ends = time.monotonic() + SECONDS
        while "Ctrl-C" not in (tmp_path / "printed").read_text(encoding="utf-8"):
            assert process.poll() is None and time.monotonic() < ends, (tmp_path / "printed").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_whatever_people_send_nobody_is_called_but_the_providers(
    address: str, environ: dict[str, str], tmp_path: Path
) -> None:
    # The deliveries are made here, and go over HTTP to the running program.
    unused = Service(tmp_path / "home", environ["TADA_DATABASE_URL"], environ, None, lambda: iter(()))  # type: ignore[arg-type]
    for channel in CHANNELS:
        if not channel.kinds:
            continue
        person = channel.join(unused, 1)
        words = [person.text(f"look: https://{THEIRS}/a?b=1 {THEIRS} http://{THEIRS}:8080/x.jpg")]
        for delivery in (*words, *map(person.kind, channel.kinds)):
            assert post(address, delivery) == 200

    wanted = {"api.twilio.com", "api.telegram.org", "graph.facebook.com"}
    ends = time.monotonic() + SECONDS
    while not wanted <= called(tmp_path) and time.monotonic() < ends:
        time.sleep(0.1)
    assert wanted <= called(tmp_path) <= HOSTS


@pytest.mark.parametrize(
    "leaving",
    [
        "socket.create_connection(('192.0.2.7', 80), 1)",
        "socket.socket().connect_ex(('192.0.2.7', 80))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.7', 53))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', 0, ('192.0.2.7', 53))",
        "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.7', 53))",
        "socket.gethostbyname('192.0.2.7')",
        "socket.getaddrinfo('192.0.2.7', 80)",
        "asyncio.run(asyncio.open_connection('192.0.2.7', 80))",
        "urllib.request.urlopen('http://192.0.2.7/', timeout=1)",
        "httpx.get('http://192.0.2.7/', timeout=1)",
    ],
)
def test_the_denial_meets_every_way_out(tmp_path: Path, leaving: str) -> None:
    run = {**os.environ, "PYTHONPATH": str(DENIED), "CALLED": str(tmp_path / "called")}
    code = f"import asyncio, socket, urllib.request\nif 'httpx' in {leaving!r}: import httpx\n{leaving}"
    process = subprocess.run([sys.executable, "-c", code], env=run, capture_output=True, check=False)
    assert process.returncode == 1
    assert b"the network is denied" in process.stderr
    assert called(tmp_path) == {"192.0.2.7"}


def post(address: str, delivery: Delivery) -> int:
    request = urllib.request.Request(
        address + delivery.path,
        data=delivery.body,
        headers={
            **delivery.headers,
            "Content-Type": delivery.content_type,
            "Host": urlsplit(PUBLIC_URL).netloc,
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return int(answer.status)


def called(folder: Path) -> set[str]:
    try:
        return set((folder / "called").read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return set()
