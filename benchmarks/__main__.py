"""Measure the path of a message against the ceiling, and the pages of the desk: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import product as product_of
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.desk import measured as desk_pages
from benchmarks.driver import Measured, load, talked
from benchmarks.later import measured as later_work
from benchmarks.servers import (
    ceiling,
    database_bytes,
    database_processes,
    memory,
    new_database,
    peer,
    postgresql,
    processor_seconds,
    product,
)
from benchmarks.stored import fill
from benchmarks.traffic import CHANNELS, FORM
from tada.serve import PROCESSES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--channel",
        choices=tuple(CHANNELS),
        nargs="+",
        default=list(CHANNELS),
        help="what people come by; the ceiling checks the same signature (default: all)",
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument(
        "--people", type=int, nargs="+", default=[50, 16, 1], help="people at once (default: 50 16 1)"
    )
    parser.add_argument(
        "--turns", type=int, default=5, help="slices of ours, each between two of the ceiling"
    )
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a slice")
    parser.add_argument(
        "--processes",
        type=int,
        nargs="+",
        default=sorted({2, PROCESSES}),
        help="processes of the chat (default: two, and as `tada serve` has it)",
    )
    parser.add_argument(
        "--stored",
        type=int,
        nargs="*",
        default=[1_000, 100_000, 1_000_000],
        help="conversations stored before",
    )
    parser.add_argument(
        "--desk",
        type=int,
        nargs="*",
        default=[100, 10_000, 100_000],
        help="cases stored before the pages of the desk are measured",
    )
    parser.add_argument("--only-desk", action="store_true", help="measure the pages of the desk alone")
    parser.add_argument(
        "--steady",
        type=int,
        default=100_000,
        help="messages after which memory is looked at again; 0 for none",
    )
    parser.add_argument(
        "--peer",
        metavar="PYTHON",
        help="only compare with aiogram and Redis by Telegram; an interpreter that has aiogram and redis, "
        "with redis-server at hand",
    )
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    chosen = parser.parse_args()
    kinds = ("sqlite", "postgresql") if chosen.database == "both" else (chosen.database,)
    print(f"{platform.platform()}, {os.cpu_count()} cores, {len(FORM) + 1} messages a form", flush=True)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="tada-bench-") as folder, ExitStack() as stack:
        if chosen.peer:
            _against_peer(Path(folder), chosen)
            return
        server = stack.enter_context(postgresql(Path(folder) / "pg")) if "postgresql" in kinds else ""
        for kind in kinds:
            if not chosen.only_desk:
                results += _messages(kind, server, Path(folder), chosen)
            if chosen.desk:
                url = _new_url(kind, server, Path(folder), "desk")
                results += desk_pages(Path(folder) / f"desk-{kind}", url, chosen.desk)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1) + "\n")


def _messages(kind: str, server: str, folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """The path of a message, and what is left for later."""
    results: list[dict[str, Any]] = []
    for processes in chosen.processes:
        with _bench(kind, server, folder, processes, chosen.channel != ["web"]) as bench:
            for channel, people in product_of(chosen.channel, chosen.people):
                results.append(bench.compare(channel, people, chosen.turns, chosen.seconds))
            results.append(bench.sizes())
            if chosen.steady:
                results.append(bench.steady(chosen.steady))
    results.append(later_work(folder / f"later-{kind}", _new_url(kind, server, folder, "later")))
    if chosen.stored:
        results += _growth(kind, server, folder, chosen)
    return results


def _new_url(kind: str, server: str, folder: Path, name: str) -> str:
    return new_database(server) if kind == "postgresql" else f"sqlite:///{folder}/{name}.sqlite3"


def _against_peer(folder: Path, chosen: argparse.Namespace) -> None:
    """Slices of ours, each between two of what others would build on; 16 people, by Telegram, on SQLite."""
    home = folder / "against"
    home.mkdir(mode=0o700)
    with ExitStack() as stack:
        port, *_ = stack.enter_context(
            product(home, f"sqlite:///{home}/t.sqlite3", PROCESSES, providers=True)
        )
        peer_port = stack.enter_context(peer(folder, chosen.peer, talked(port, "telegram")))
        load(port, "telegram", 16, 2, ours=True)  # warm
        ours: list[Measured] = []
        theirs = [load(peer_port, "telegram", 16, chosen.seconds, ours=False)]
        for _ in range(chosen.turns):
            ours.append(load(port, "telegram", 16, chosen.seconds, ours=True))
            theirs.append(load(peer_port, "telegram", 16, chosen.seconds, ours=False))
    times = [
        slice_.rate / ((before.rate + after.rate) / 2)
        for slice_, before, after in zip(ours, theirs, theirs[1:], strict=False)
    ]
    rate, peer_rate = (median([slice_.rate for slice_ in slices]) for slices in (ours, theirs))
    errors = sum(slice_.errors for slice_ in (*ours, *theirs))
    print(
        f"sqlite, telegram, 16 people: {rate:.0f}/s, aiogram and Redis {peer_rate:.0f}/s: {median(times):.2f} times "
        f"({min(times):.2f}–{max(times):.2f}); {errors} errors",
        flush=True,
    )


class Bench:
    """The product and the ceiling, both running, each with a database of the same kind."""

    def __init__(self, kind: str, processes: int, ours: tuple[int, int, float], ceiling_port: int, url: str):
        self.name = f"{kind}, {processes} web processes"
        self._port, pid, self.start = ours
        self._pid = pid
        # The database's processor time is a message's too.
        self._pids = [pid, *database_processes(url)]
        self._ceiling = ceiling_port
        self.url = url

    def compare(self, channel: str, people: int, turns: int, seconds: float) -> dict[str, Any]:
        """Measure slices of ours, each between two of the ceiling; medians over the turns."""
        load(self._port, channel, people, min(seconds, 2), ours=True)  # warm
        ceilings = [load(self._ceiling, channel, people, seconds, ours=False)]
        ours: list[Measured] = []
        spent: list[float] = []
        for _ in range(turns):
            before = sum(map(processor_seconds, self._pids))
            ours.append(load(self._port, channel, people, seconds, ours=True))
            spent.append(1000 * (sum(map(processor_seconds, self._pids)) - before) / len(ours[-1].times))
            ceilings.append(load(self._ceiling, channel, people, seconds, ours=False))
        ratios = [
            slice_.rate / ((before.rate + after.rate) / 2)
            for slice_, before, after in zip(ours, ceilings, ceilings[1:], strict=False)
        ]
        result = {
            "what": self.name,
            "channel": channel,
            "people": people,
            "messages_per_second": median([slice_.rate for slice_ in ours]),
            "ceiling_per_second": median([slice_.rate for slice_ in ceilings]),
            "ratio": median(ratios),
            "ratios": [round(ratio, 3) for ratio in ratios],
            "p50_ms": median([slice_.percentile(0.5) for slice_ in ours]),
            "p99_ms": median([slice_.percentile(0.99) for slice_ in ours]),
            "max_ms": max(slice_.percentile(1) for slice_ in ours),
            "ceiling_p99_ms": median([slice_.percentile(0.99) for slice_ in ceilings]),
            "cpu_ms_per_message": median(spent),
            "errors": sum(slice_.errors for slice_ in ours),
        }
        print(
            f"{self.name}, {channel}, {people:>2} people: {result['messages_per_second']:.0f}/s, ceiling "
            f"{result['ceiling_per_second']:.0f}/s, ratio {result['ratio']:.2f} "
            f"({min(ratios):.2f}–{max(ratios):.2f}); p50 {result['p50_ms']:.1f}, p99 {result['p99_ms']:.1f}, "
            f"max {result['max_ms']:.0f} ms (ceiling p99 {result['ceiling_p99_ms']:.1f}); "
            f"{result['cpu_ms_per_message']:.2f} ms CPU a message; {result['errors']} errors",
            flush=True,
        )
        return result

    def sizes(self) -> dict[str, Any]:
        """Memory of the processes, bytes stored a form, and the time to the first answer."""
        figures = memory(self._pid)
        lines = ", ".join(f"{name.split()[0]} {rss:.0f}/{pss:.0f}" for name, (rss, pss) in figures.items())
        print(f"{self.name}: start {self.start:.2f} s; memory RSS/PSS MiB: {lines}", flush=True)
        return {"what": self.name, "start_seconds": self.start, "memory_mib_rss_pss": figures}

    def steady(self, messages: int) -> dict[str, Any]:
        """Memory before and after so many messages."""
        before, answered = memory(self._pid), 0
        while answered < messages:
            answered += len(load(self._port, "web", 16, 20, ours=True).times)
        after = memory(self._pid)
        told = ", ".join(
            f"{name.split()[0]} {before[name][0]:.0f} → {after[name][0]:.0f}"
            for name in after
            if name in before
        )
        print(f"{self.name}: RSS MiB over {answered:,} messages: {told}", flush=True)
        return {"what": self.name, "messages": answered, "before": before, "after": after}

    def bytes_a_form(self) -> float:
        """Return the bytes the database grew by for each form, marks and all, after a hundred forms."""
        before = database_bytes(self.url)
        measured = load(self._port, "web", 4, 8, ours=True)
        return (database_bytes(self.url) - before) / (len(measured.times) / (len(FORM) + 1))


@contextmanager
def _bench(kind: str, server: str, folder: Path, processes: int, providers: bool = False) -> Iterator[Bench]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        if kind == "sqlite":
            url, ceiling_url = f"sqlite:///{home}/tada.sqlite3", f"sqlite:///{home}/ceiling.sqlite3"
        else:
            url, ceiling_url = new_database(server), new_database(server)
        ours = stack.enter_context(product(home, url, processes, providers))
        port = stack.enter_context(ceiling(home, ceiling_url))
        yield Bench(kind, processes, ours, port, url)


def _growth(kind: str, server: str, folder: Path, chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """The same rate with more and more conversations stored, relative to the first size."""
    results: list[dict[str, Any]] = []
    with _bench(kind, server, folder, chosen.processes[-1]) as bench:
        growth = bench.bytes_a_form()
        print(f"{kind}: {growth / 1024:.1f} KiB stored a form, dedupe marks included", flush=True)
        results.append({"what": f"{kind}, bytes a form", "bytes": growth})
        for wanted in chosen.stored:
            fill(bench.url, wanted)
            result = bench.compare("web", 16, chosen.turns, chosen.seconds) | {"stored": wanted}
            relative = result["ratio"] / next((r["ratio"] for r in results if "stored" in r), result["ratio"])
            print(f"{kind}, {wanted:,} stored: ratio to the ceiling {relative:.2f} of the first", flush=True)
            results.append(result)
    return results


if __name__ == "__main__":
    main()
