"""One line of the log for each request, and the figures of `/metrics`.

What may stand in a line is on the list in `logs.py`: of a request its route's template, never the
address asked for, and of an error its class, never its message.
"""

from __future__ import annotations

import logging
import os
import time

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

log = logging.getLogger(__name__)


class Metrics:
    """Counts and times by route; no label names a person."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self._requests = Counter(
            "tada_requests", "Requests answered.", ["route", "status"], registry=self._own
        )
        self._events = Counter(
            "tada_events",
            "What providers told, such as that a message was not delivered.",
            ["event"],
            registry=self._own,
        )
        self._seconds = Histogram(
            "tada_request_seconds",
            "Seconds to answer.",
            ["route"],
            registry=self._own,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
        )

    def note(self, event: str) -> None:
        """Count something that happened at a provider.

        Args:
            event: a name from a fixed list; each stays in memory as a label.
        """
        self._events.labels(event).inc()

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def as_text(self) -> bytes:
        """The figures in Prometheus' text form; of all processes where they share a folder for it."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._own)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


def log_requests(app: Flask, metrics: Metrics) -> None:
    """Log and count every request of `app`, the failed ones too."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        # Templates only, never what a client made up: each stays in memory as a label.
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.url_rule else None
        metrics.count(f"{method} {route}" if method else route, response.status_code, seconds)
        log.info(
            "request",
            extra={
                "method": method,
                "route": route,
                "status": response.status_code,
                "ms": round(seconds * 1000, 1),
                "channel": request.blueprint,
                "error": g.get("error"),
            },
        )
        return response
