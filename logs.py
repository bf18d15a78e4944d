"""What is logged, and nothing else: one line of JSON an event, made of an allow-list of fields.

Words of a person can reach a log in three ways: inside the message, as its arguments, and through an
exception. So messages are constant sentences that are never filled in, fields come from a fixed list, and an
exception is told by its class and its place in the code. Other people's libraries may log errors; of
those only the class, the place and, where it still has its placeholders, the sentence are kept.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

OURS = ("bot", "desk", "flows", "locales", "storage", "tada", "webhook")

FIELDS = ("route", "method", "status", "ms", "channel", "step", "error", "staff", "case", "count", "program")
"""What `extra` may hold. Values are ids, states, numbers and class names; nothing a person wrote."""

_ROOT = Path(__file__).resolve().parent
_LONGEST_VALUE = 80


def keep_logs(stream: TextIO | None = None) -> None:
    """Send every line to `stream` (standard error unless given), and quieten the libraries."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.ERROR, force=True)
    logging.captureWarnings(True)
    logging.logThreads = logging.logMultiprocessing = False  # not in our lines, and dear to find out
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)


class Lines(logging.Formatter):
    """Writes a record as one line of JSON, without anything that is not on the list."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "event": _event(record),
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value if isinstance(value, int | float) else str(value)[:_LONGEST_VALUE]
        line["process"] = record.process
        if record.exc_info and record.exc_info[0]:
            kind, _, trace = record.exc_info
            line["error"], line["where"] = kind.__name__, place_of(trace)
        return json.dumps(line, ensure_ascii=True)


def place_of(trace: TracebackType | None) -> list[str]:
    """Return where an exception came from: file, line and function, outermost first, of our own code
    and the last place of all. No values, and not the exception's text."""
    frames = traceback.extract_tb(trace)
    return [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in frames
        if _is_ours(frame.filename) or frame is frames[-1]
    ]


def _event(record: logging.LogRecord) -> str:
    ours = record.name.split(".")[0] in OURS
    if isinstance(record.msg, str) and (ours or record.args):
        return record.msg
    return f"{_short(record.pathname)}:{record.lineno}"


def _is_ours(file: str) -> bool:
    path = Path(file)
    return path.is_relative_to(_ROOT) and "site-packages" not in path.parts


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(_ROOT)) if _is_ours(file) else path.name
