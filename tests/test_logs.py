"""Logs: whatever is said to them, only the list comes out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from logs import FIELDS, keep_logs

CANARY = "canary-she-wrote-this"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    stream = io.StringIO()
    keep_logs(stream)
    yield stream
    root.handlers[:], root.level = before
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_the_event_and_the_fields_of_the_list(stream: io.StringIO) -> None:
    logging.getLogger("bot.web").info(
        "a message was answered", extra={"route": "/chat/messages", "status": 200}
    )

    (line,) = lines(stream)
    assert (line["event"], line["route"], line["status"], line["from"]) == (
        "a message was answered",
        "/chat/messages",
        200,
        "bot.web",
    )
    assert set(line) <= {"time", "level", "from", "event", "where", "process", *FIELDS}


def test_neither_arguments_nor_other_fields_nor_the_text_of_an_exception_come_out(
    stream: io.StringIO,
) -> None:
    logger = logging.getLogger("storage.intake")
    try:
        raise ValueError(CANARY)
    except ValueError:
        logger.exception("could not keep %s", CANARY, extra={"text": CANARY})

    (line,) = lines(stream)
    assert CANARY not in stream.getvalue()
    assert (line["event"], line["error"]) == ("could not keep %s", "ValueError")
    assert line["where"][-1].startswith("tests/test_logs.py:")


def test_a_library_is_heard_only_when_something_broke_and_its_filled_in_sentences_never(
    stream: io.StringIO,
) -> None:
    logger = logging.getLogger("_granian")
    logger.warning("Invalid request: %s", CANARY)
    logger.error(f"Invalid request {CANARY}")
    logger.error("Worker failed: %s", CANARY)
    logger.error(ValueError(CANARY))

    assert CANARY not in stream.getvalue()
    assert [line["event"] for line in lines(stream)][1] == "Worker failed: %s"
    assert len(lines(stream)) == 3


def test_a_line_break_in_a_value_does_not_begin_a_line_of_its_own(stream: io.StringIO) -> None:
    logging.getLogger("webhook").info(
        "refused", extra={"route": 'x\n{"event": "forged"}', "error": "é\u2028"}
    )

    assert len(lines(stream)) == 1
