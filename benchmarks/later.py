"""What later work costs: errands that do nothing, run by the real engine, in a process of its own.

`python -m benchmarks.later HOME DATABASE_URL` makes an instance in HOME, which must not exist.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bot import pacing
from bot.later_work import LaterWork
from storage.database import Database
from storage.epochs import Epochs
from storage.errands import Errand, rows_of
from storage.keys import KeyDirectory
from storage.places import take_place
from storage.setup import initialise
from storage.writing import write_errands

ERRANDS = 400
ALONE = 20
IDLE_SECONDS = 5.0
KIND = "bench.nothing"


def measured(home: Path, url: str) -> dict[str, Any]:
    """Measure in a process of its own, where nothing else is counted."""
    command = [sys.executable, "-m", "benchmarks.later", str(home), url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    figures: dict[str, Any] = json.loads(output)
    print(
        f"{figures['database']}, later work: {figures['errands_per_second']:.0f} errands/s, "
        f"{figures['cpu_ms_per_errand']:.1f} ms CPU each; begun {figures['delay_p50_ms']:.0f} ms after the commit "
        f"(max {figures['delay_max_ms']:.0f}); idle {figures['idle_cpu_percent']:.1f} % of a core; "
        f"engine up in {figures['start_seconds']:.1f} s",
        flush=True,
    )
    return {"what": f"{figures['database']}, later work", **figures}


def _measure(home: Path, url: str) -> dict[str, Any]:
    pacing.PACES["bench"] = pacing.Pace(at_once=8, a_second=100_000)
    initialise(home, url)
    database, keys = Database.open(url), KeyDirectory(home / "keys")
    begun: list[float] = []

    def keep(n: int) -> None:
        now = datetime.now(UTC)
        rows = rows_of([Errand(KIND, "SM" + "0" * 32)] * n, Epochs(keys).living(now)[0], now)
        with database.transaction() as connection:
            write_errands(connection, rows)

    def wait_for(n: int) -> None:
        while len(begun) < n:
            time.sleep(0.001)

    place = take_place(database, home, threading.Event())
    assert place is not None
    work = LaterWork(database, keys, home, {KIND: lambda *_: begun.append(time.perf_counter())}, place)
    started = time.perf_counter()
    work.start()
    start_seconds = time.perf_counter() - started
    keep(20)
    wait_for(20)

    cpu, began = time.process_time(), time.perf_counter()
    keep(ERRANDS)
    wait_for(20 + ERRANDS)
    rate = ERRANDS / (time.perf_counter() - began)
    spent = 1000 * (time.process_time() - cpu) / ERRANDS

    delays = []
    for n in range(ALONE):
        keep(1)
        kept = time.perf_counter()
        wait_for(20 + ERRANDS + n + 1)
        delays.append(1000 * (begun[-1] - kept))
        time.sleep(0.037 * (n % 7))

    time.sleep(1)
    cpu = time.process_time()
    time.sleep(IDLE_SECONDS)
    idle = 100 * (time.process_time() - cpu) / IDLE_SECONDS
    work.stop()
    return {
        "database": database.dialect,
        "errands_per_second": rate,
        "cpu_ms_per_errand": spent,
        "delay_p50_ms": median(delays),
        "delay_max_ms": max(delays),
        "idle_cpu_percent": idle,
        "start_seconds": start_seconds,
    }


if __name__ == "__main__":
    print(json.dumps(_measure(Path(sys.argv[1]), sys.argv[2])))
