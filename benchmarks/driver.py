"""The load: people who fill in the form over HTTP, each on a connection of their own, without pause.

Written on sockets, because a client library would take more of the two cores than what it measures.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.traffic import CHANNELS, FORM, Post, Talk
from locales import Words

_LAST = Words.load().say("en", "ask.links.more")
"""What the last line of the form is answered with."""


@dataclass
class Measured:
    """One slice: how many messages in how many seconds, and how long each took (seconds)."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time below which this share of messages was answered, in milliseconds."""
        ordered = sorted(self.times)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Person:
    def __init__(self, port: int) -> None:
        self._port = port

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def post(self, post: Post) -> tuple[int, bytes]:
        head = (
            f"POST {post.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n{post.headers}"
            f"Content-Length: {len(post.body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + post.body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        status = int(answer[9:12])
        length = 0
        for line in answer.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        received = await self._reader.readexactly(length)
        if b"connection: close" in answer.lower():
            self._writer.close()
            await self.connect()
        return status, received

    def close(self) -> None:
        self._writer.close()


async def _fill_in(
    person: _Person, measured: Measured, ends_at: float, make: Callable[[], Talk], ours: bool
) -> None:
    await person.connect()
    while time.perf_counter() < ends_at:
        talk = make()
        # What a conversation begins with is a message too: the ceiling, which greets nobody, stores one more.
        received = await _timed(person, talk.greeting() if ours else talk.message(FORM[0]), measured)
        if ours:
            talk.greeted(received)
        for said in FORM:
            received = await _timed(person, talk.message(said), measured)
        if ours:
            measured.errors += not talk.shows(received, _LAST)
    person.close()


async def _timed(person: _Person, post: Post, measured: Measured) -> bytes:
    began = time.perf_counter()
    status, received = await person.post(post)
    measured.times.append(time.perf_counter() - began)
    measured.errors += status not in (200, 201)
    return received


def load(port: int, channel: str, people: int, seconds: float, ours: bool) -> Measured:
    """Have `people` fill in forms for `seconds`, and return what was measured.

    Args:
        channel: by which they come, of `CHANNELS`.
        ours: whether this is the product and not the ceiling, and its answers are looked at.
    """

    def make() -> Talk:
        return CHANNELS[channel](port)

    async def run() -> Measured:
        measured = Measured()
        began = time.perf_counter()
        await asyncio.gather(
            *(_fill_in(_Person(port), measured, began + seconds, make, ours) for _ in range(people))
        )
        measured.seconds = time.perf_counter() - began
        return measured

    return asyncio.run(run())


def talked(port: int, channel: str) -> list[Any]:
    """Fill in one form, and return what the product said, read as JSON: the greeting, and the answer to each line."""

    async def run() -> list[Any]:
        person, talk = _Person(port), CHANNELS[channel](port)
        await person.connect()
        said = [(await person.post(talk.greeting()))[1]]
        said += [(await person.post(talk.message(line)))[1] for line in FORM]
        person.close()
        return [json.loads(each) for each in said]

    return asyncio.run(run())
