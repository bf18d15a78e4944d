"""The load: people who fill in the form over HTTP, each on a connection of their own, without pause.

Written on sockets, because a client library would take more of the two cores than what it measures.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field

# The sixteen messages after the greeting: a whole form, typed and pressed as people do.
FORM: tuple[dict[str, object], ...] = (
    {"choice": "en"},
    {"text": "I'm 24"},
    {"choice": "agree"},
    {"choice": "self"},
    {"text": "yes, in all of them"},
    {"choice": "she"},
    {"text": "Kit"},
    {"choice": "email"},
    {"text": "kit@example.com"},
    {"text": "evenings only, never call"},
    {"text": "my ex"},
    {"choices": ["consensual_taking_shared_without_consent", "threatened"]},
    {"text": "1,3"},
    {"text": "He sent them to a group after we broke up. I only found out last week."},
    {"text": "done"},
    {"text": "here: https://www.example.com/view?v=abc123 and t.me/somewhere/44"},
)


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

    async def post(self, path: str, body: dict[str, object], token: str) -> tuple[int, bytes]:
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
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


async def _fill_in(person: _Person, measured: Measured, ends_at: float, ours: bool) -> None:
    await person.connect()
    while time.perf_counter() < ends_at:
        token = secrets.token_urlsafe(32)
        if ours:
            # The greeting is not counted: the ceiling has none.
            status, received = await person.post("/chat/sessions", {}, "")
            token = json.loads(received)["token"] if status == 201 else ""
        for sent in FORM:
            body = {"id": secrets.token_hex(12), **sent}
            began = time.perf_counter()
            status, received = await person.post("/chat/messages", body, token)
            measured.times.append(time.perf_counter() - began)
            measured.errors += status != 200
        if ours:
            measured.errors += json.loads(received).get("step") != "links"
    person.close()


def load(port: int, people: int, seconds: float, ours: bool) -> Measured:
    """Have `people` fill in forms for `seconds`, and return what was measured."""

    async def run() -> Measured:
        measured = Measured()
        began = time.perf_counter()
        await asyncio.gather(
            *(_fill_in(_Person(port), measured, began + seconds, ours) for _ in range(people))
        )
        measured.seconds = time.perf_counter() - began
        return measured

    return asyncio.run(run())
