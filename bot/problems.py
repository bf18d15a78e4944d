"""What can go wrong between a request and its answer: a code for programs, a status, a text for people.

The rest of the house raises what it knows; `problem_of` is the one place that turns it into this.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException

from bot.receive import DeliveryReused, TooMany, UnknownConversation
from bot.request_log import note_error
from flows.vocabulary import MessageId
from storage.errors import KeysUnusable, StateUnreadable, StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """How a problem is told: the HTTP status and the text."""

    status: int
    text: MessageId


PROBLEMS: dict[str, Told] = {
    "bad_json": Told(400, MessageId("error.bad_json")),
    "bad_request": Told(400, MessageId("error.bad_request")),
    "unauthorised": Told(401, MessageId("error.unauthorised")),
    "origin": Told(403, MessageId("error.origin")),
    "not_found": Told(404, MessageId("error.not_found")),
    "method": Told(405, MessageId("error.method")),
    "id_reused": Told(409, MessageId("error.id_reused")),
    "too_large": Told(413, MessageId("error.too_large")),
    "media_type": Told(415, MessageId("error.media_type")),
    "rate": Told(429, MessageId("error.rate")),
    "busy": Told(429, MessageId("error.busy")),
    "unexpected": Told(500, MessageId("error.handler")),
    "state_unreadable": Told(503, MessageId("error.unreadable_state")),
    "keys_unusable": Told(503, MessageId("error.store_away")),
    "store_away": Told(503, MessageId("error.store_away")),
}

STORE_RETRY_SECONDS = 5
"""A locked or restarting database is usually back by then."""

_OF_STATUS = {
    401: "unauthorised",
    403: "origin",
    404: "not_found",
    405: "method",
    413: "too_large",
    415: "media_type",
}


class Problem(Exception):
    """A request that cannot be answered as asked.

    Attributes:
        code: a key of `PROBLEMS`.
        retry_after: seconds after which the same request may be tried again, if it may.
        cause: the class of the error behind it, for the log; never its message.
    """

    def __init__(self, code: str, retry_after: int | None = None, cause: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.cause = cause

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code].status

    @property
    def text(self) -> MessageId:
        """The text for the person."""
        return PROBLEMS[self.code].text


def problem_of(error: Exception) -> Problem:
    """Turn any error into the problem that is told about it."""
    cause = type(error).__name__
    match error:
        case Problem():
            return error
        case UnknownConversation():
            return Problem("unauthorised", cause=cause)
        case DeliveryReused():
            return Problem("id_reused", cause=cause)
        case TooMany():
            return Problem(error.which, error.seconds, cause)
        case StateUnreadable():
            return Problem("state_unreadable", cause=cause)
        case KeysUnusable():
            return Problem("keys_unusable", STORE_RETRY_SECONDS, cause)
        case StoreError():  # the database is away: nothing was kept
            return Problem("store_away", STORE_RETRY_SECONDS, cause)
        case HTTPException(code=int(status)) if 400 <= status < 500:
            return Problem(_OF_STATUS.get(status, "bad_request"), cause=cause)
    return Problem("unexpected", cause=cause)


def note(error: Exception) -> Problem:
    """As `problem_of`, and leave the error's class for the line of the log about this request."""
    problem = problem_of(error)
    note_error(problem.cause or problem.code)
    if problem.code == "unexpected":
        # `logs.Lines` writes the class and the place in the code, and nothing that the error holds.
        log.error("not handled", exc_info=error)
    return problem


def retry_header(problem: Problem) -> dict[str, str]:
    """The header that says when to try again, where that may help."""
    return {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
