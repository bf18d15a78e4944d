"""What the pages of the desk cost with few and with many cases stored, in a process of its own.

`python -m benchmarks.desk HOME DATABASE_URL 100 10000` makes an instance in HOME, which must not exist. Every case
that a measured page shows is a real one, sealed by the intake; the many that merely stand there are rows of the
same size. Pages are asked for in the process that answers them: what is measured is the desk and its database.
"""

from __future__ import annotations

import base64
import json
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, func, insert, select

from desk import Options, create_desk
from flows.vocabulary import Answered, FieldId, Submitted
from locales import Words
from storage.cases import open_case
from storage.casewriting import CaseWriter
from storage.database import Database
from storage.days import day_of
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.schema import cases, links, manifests
from storage.sealing import PasswordParameters, new_key
from storage.sessions import begin_session, open_session, resume_session
from storage.setup import initialise
from storage.signing_in import check_and_open, sign_in
from storage.staff import Caseworker
from storage.staffing import add_staff

REAL = 50
"""Real cases at the beginning, and as many at the end: a page of each."""
LOOKS = 150
"""How often each page is asked for."""
BATCH = 5_000
CHEAP = PasswordParameters(memory=64, passes=1, lanes=1)
PASSWORD = "blue kettle under seven hills"
ANSWERS: dict[str, Any] = {
    "consent": {"version": "2026-11-22.2", "language": "en", "at": "2026-11-22T03:00:00+00:00"},
    "whose": "self",
    "image_age": "yes",
    "pronoun": "she",
    "name": "Sam",
    "contact_method": "whatsapp",
    "contact_detail": "+852 5555 0123",
    "contact_safety": {"times": ["evening"], "discreet_only": True, "text": "never call"},
    "relationship": "intimate_partner",
    "background": ["threatened"],
    "content": ["intimate_parts"],
    "story": "He said that he would send them to my family. " * 12,
    "links": [
        {
            "url": f"https://forum.example/{n}",
            "normalised": f"forum.example/{n}",
            "host": "forum.example",
            "platform": "other",
        }
        for n in range(5)
    ],
}


def measured(home: Path, url: str, sizes: list[int]) -> list[dict[str, Any]]:
    """Measure in a process of its own, where nothing else is counted."""
    command = [sys.executable, "-m", "benchmarks.desk", str(home), url, *map(str, sizes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        results = []
        for line in process.stdout:
            results.append(json.loads(line))
            _tell(results[-1])
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return results


def _tell(figures: dict[str, Any]) -> None:
    pages = "; ".join(f"{name} {p50:.0f}/{p99:.0f}" for name, (p50, p99) in figures["pages"].items())
    print(
        f"{figures['what']}, {figures['cases']:,} cases, p50/p99 ms: {pages}; a case sealed in "
        f"{figures['seal_ms']:.1f} ms, opened in {figures['open_ms']:.1f} ms; {figures['memory_mib']:.0f} MiB",
        flush=True,
    )


def main() -> None:
    home, url, sizes = Path(sys.argv[1]), sys.argv[2], [int(size) for size in sys.argv[3:]]
    made = initialise(home, url)
    assert made.recovery_key_text is not None
    database, keys = Database.open(url), KeyDirectory(home / "keys")
    add_staff(database, keys, "First", "supervisor", PASSWORD, None, CHEAP)
    add_staff(
        database, keys, "Bench", "supervisor", PASSWORD, RecoveryKey.from_text(made.recovery_key_text), CHEAP
    )
    app = create_desk(
        Options(None, home, closed_days=90, journal=home / "erased", parameters=CHEAP),
        database,
        keys,
        Words.load(),
    )
    references: list[str] = []
    sealing = _seal(database, keys, references)
    for size in sizes:
        _fill(database, size)
        client = app.test_client()
        client.set_cookie("desk", _signed_in(database), path="/")
        figures = {
            "what": f"{database.engine.dialect.name}, desk",
            "cases": size,
            "pages": _pages(client, references),
            "seal_ms": sealing,
            "open_ms": _opening(database, keys, references),
            "memory_mib": getrusage(RUSAGE_SELF).ru_maxrss / 1024,
        }
        print(json.dumps(figures), flush=True)


def _pages(client: FlaskClient, references: list[str]) -> dict[str, tuple[float, float]]:
    stamp = client.get("/desk/queue/rows").headers["ETag"]
    # Behind everybody who is not raised, of normal priority, and came before today.
    late = json.dumps([5, day_of(datetime.now(UTC)) - 1, "ff" * 16]).encode()
    last_page = f"/desk/queue?after={base64.urlsafe_b64encode(late).decode().rstrip('=')}"
    asked: dict[str, Callable[[], Any]] = {
        "queue": lambda: client.get("/desk/queue"),
        "its last page": lambda: client.get(last_page),
        "few fit": lambda: client.get("/desk/queue?view=unclaimed&channel=telegram"),
        "none has such a link": lambda: client.get("/desk/queue?link_status=escalated"),
        "mine": lambda: client.get("/desk/queue?view=mine"),
        "nothing new": lambda: client.get("/desk/queue/rows", headers={"If-None-Match": stamp}),
        "case": lambda: client.get(f"/desk/cases/{random.choice(references)}"),
    }
    expected = {"nothing new": 304}
    told = {}
    for name, ask in asked.items():
        times = []
        for look in range(LOOKS + 5):
            began = time.perf_counter()
            answer = ask()
            if look >= 5:  # the first ones warm up
                times.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == expected.get(name, 200), (name, answer.status_code)
        times.sort()
        told[name] = (times[len(times) // 2], times[int(len(times) * 0.99)])
    return told


def _opening(database: Database, keys: KeyDirectory, references: list[str]) -> float:
    bench = sign_in(database, "Bench", PASSWORD, CHEAP)

    def open_one(caseworker: Caseworker = bench) -> float:
        began = time.perf_counter()
        open_case(database, keys, caseworker, random.choice(references), follows=True)
        return time.perf_counter() - began

    return 1000 * sorted(open_one() for _ in range(60))[30]


def _signed_in(database: Database) -> str:
    now = datetime.now(UTC)
    staff_id, private = check_and_open(database, "Bench", PASSWORD, CHEAP)
    with database.transaction() as connection:
        secret = begin_session(connection, staff_id, private, "open", now)
    secret = open_session(database, resume_session(database, secret, now), now)
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


# ------------------------------------------------------------------ filling


def _seal(database: Database, keys: KeyDirectory, references: list[str]) -> float:
    """Hand in real cases, urgent ones and ordinary ones of today; return the median of what one costs."""
    times = []
    for n in range(2 * REAL):
        began = time.perf_counter()
        with database.transaction() as connection:
            references.append(_hand_in(connection, keys, n, "urgent" if n < REAL else "normal"))
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[len(times) // 2]


def _hand_in(connection: Connection, keys: KeyDirectory, n: int, priority: Any) -> str:
    now, key, reference = datetime.now(UTC), new_key(), f"TD-R{n:05d}"
    case = CaseWriter.begin(lambda: connection, keys, now, key, "en", ("web", "telegram")[n % 2])
    for sequence, (field, value) in enumerate(ANSWERS.items()):
        case.answer(Answered(FieldId(field), sequence, value))
    platforms = tuple(link["platform"] for link in ANSWERS["links"])
    record = Submitted(reference, None, priority, "none", ("threatened",), platforms, False)
    case.submit(record, key, {n: FieldId(field) for n, field in enumerate(ANSWERS)}, None)
    return reference


def _fill(database: Database, wanted: int) -> None:
    """Have `wanted` cases stored in all: ordinary ones of days gone by, which nobody claimed."""
    with database.reading() as connection:
        there = connection.execute(select(func.count()).select_from(cases)).scalar_one()
    yesterday = day_of(datetime.now(UTC) - timedelta(days=1))
    for begin in range(there, wanted, BATCH):
        numbers = range(begin, min(begin + BATCH, wanted))
        ids = {number: secrets.token_bytes(16) for number in numbers}
        with database.transaction() as connection:
            connection.execute(
                insert(cases),
                [
                    {
                        "id": ids[number],
                        "state": "queued",
                        "public_key": secrets.token_bytes(32),
                        "sealed_key": secrets.token_bytes(100),
                        "generation": 1,
                        "reference": f"TD-F{number:07d}",
                        "priority": "normal",
                        "language": "en",
                        "channel": ("web", "whatsapp")[number % 2],
                        "started_on": yesterday - number % 80,
                        "queued_on": yesterday - number % 80,
                    }
                    for number in numbers
                ],
            )
            blob = {"sealed": secrets.token_bytes(1_100), "signature": secrets.token_bytes(64)}
            connection.execute(
                insert(manifests), [{"case_id": ids[number], "number": 0, **blob} for number in numbers]
            )
            connection.execute(
                insert(links),
                [
                    {"case_id": ids[number], "number": place, "platform": "other"}
                    for number in numbers
                    for place in range(2)
                ],
            )


if __name__ == "__main__":
    main()
