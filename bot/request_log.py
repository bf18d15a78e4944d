"""One line of the log for each request, and the figures of `/metrics`.

What may stand in a line is on the list in `logs.py`: of a request its route's template, never the
address asked for, and of an error its class, never its message.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flask import Flask
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

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

        self._of_route: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def note(self, event: str) -> None:
        """Count something that happened at a provider.

        Args:
            event: a name from a fixed list; each stays in memory as a label.
        """
        self._events.labels(event).inc()

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        if (figures := self._of_route.get((route, status))) is None:
            figures = self._requests.labels(route, str(status)), self._seconds.labels(route)
            self._of_route[route, status] = figures
        requests, times = figures
        requests.inc()
        times.observe(seconds)

    def as_text(self) -> bytes:
        """The figures in Prometheus' text form; of all processes where they share a folder for it."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._own)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


_error: ContextVar[str | None] = ContextVar("error", default=None)


def note_error(error: str) -> None:
    """Note what went wrong with the request that this thread is at, for its line.

    Args:
        error: the class of an error, or a code of ours.
    """
    _error.set(error)


def log_requests(app: Flask, metrics: Metrics) -> None:
    """Log and count every request of `app`, the failed ones too."""
    answer = app.wsgi_app

    def logged(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        _error.set(None)

        def start(status: str, *rest: Any) -> Callable[[bytes], object]:
            # All is decided on, and Flask has not forgotten the request yet.
            _log(environ, int(status[:3]), time.perf_counter() - began, metrics)
            return start_response(status, *rest)

        return answer(environ, start)

    app.wsgi_app = logged  # type: ignore[method-assign]


def _log(environ: WSGIEnvironment, status: int, seconds: float, metrics: Metrics) -> None:
    request = environ.get("werkzeug.request")
    # Templates only, never what a client made up: each stays in memory as a label.
    route, method, channel = "none", None, None
    if request is not None and request.url_rule is not None:
        route, method, channel = request.url_rule.rule, request.method, request.blueprint
    metrics.count(f"{method} {route}" if method else route, status, seconds)
    log.info(
        "request",
        extra={
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "channel": channel,
            "error": _error.get(),
        },
    )
