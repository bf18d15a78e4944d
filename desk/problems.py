"""What can go wrong at the desk, and the page that says so: what happened, and what to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Flask, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from storage.errors import (
    CannotReach,
    CaseClosed,
    CaseDamaged,
    CaseNotFound,
    KeysUnusable,
    LastKeyHolder,
    NotAllowed,
    NotYours,
    OwnRole,
    RequestNotFound,
    SamePerson,
    SignedOut,
    StaffDisabled,
    StaffExists,
    StaffNotFound,
    StoreError,
    Taken,
    TooLong,
    TooManyTries,
    UnfitName,
    UnfitPassword,
)

if TYPE_CHECKING:
    from desk.office import Office

log = logging.getLogger(__name__)

PROBLEMS: dict[str, int] = {
    "bad_request": 400,
    "none_chosen": 400,
    "origin": 403,
    "role": 403,
    "not_yours": 403,
    "not_found": 404,
    "case_not_found": 404,
    "staff_not_found": 404,
    "method": 405,
    "taken": 409,
    "case_closed": 409,
    "call_over": 410,
    "cannot_reach": 409,
    "request_not_found": 409,
    "same_person": 409,
    "staff_exists": 409,
    "staff_left": 409,
    "last_key_holder": 409,
    "own_role": 409,
    "link_over": 410,
    "too_large": 413,
    "unfit_name": 422,
    "password_too_short": 422,
    "password_too_long": 422,
    "password_known": 422,
    "passwords_differ": 422,
    "tries": 429,
    "unexpected": 500,
    "case_damaged": 500,
    "keys_unusable": 503,
    "store_away": 503,
}
"""The status of each problem. Its text is `desk.problem.` and its name."""

_OF_STATUS = {403: "origin", 404: "not_found", 405: "method", 413: "too_large"}

_OF_STORE: dict[type[StoreError], str] = {
    NotYours: "not_yours",
    NotAllowed: "role",
    CaseNotFound: "case_not_found",
    CaseClosed: "case_closed",
    CaseDamaged: "case_damaged",
    CannotReach: "cannot_reach",
    RequestNotFound: "request_not_found",
    SamePerson: "same_person",
    StaffNotFound: "staff_not_found",
    StaffExists: "staff_exists",
    StaffDisabled: "staff_left",
    LastKeyHolder: "last_key_holder",
    OwnRole: "own_role",
    SignedOut: "link_over",
    TooLong: "too_large",
    UnfitName: "unfit_name",
    KeysUnusable: "keys_unusable",
}


class Problem(Exception):
    """A request that cannot be answered as asked.

    Attributes:
        code: a key of `PROBLEMS`.
        params: what its text mentions.
    """

    def __init__(self, code: str, cause: str | None = None, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.cause = cause
        self.params = params

    @property
    def status(self) -> int:
        """The HTTP status."""
        return PROBLEMS[self.code]


def problem_of(error: Exception) -> Problem:
    """Turn any error into the problem that is told about it."""
    cause = type(error).__name__
    match error:
        case Problem():
            return error
        case Taken():
            return Problem("taken", cause, name=error.name or "?")
        case TooManyTries():
            return Problem("tries", cause, n=error.seconds)
        case UnfitPassword():
            return Problem(f"password_{error.why}", cause)
        case StoreError():
            found = next((code for kind, code in _OF_STORE.items() if isinstance(error, kind)), "store_away")
            return Problem(found, cause)
        case HTTPException(code=int(status)) if 400 <= status < 500:
            return Problem(_OF_STATUS.get(status, "bad_request"), cause)
    return Problem("unexpected", cause)


def tell_problems(app: Flask, office: Office) -> None:
    """Answer every error with a page."""

    @app.errorhandler(Exception)
    def tell(error: Exception) -> ResponseReturnValue:
        problem = problem_of(error)
        g.error = problem.cause or problem.code
        if problem.code == "unexpected":
            # `logs.Lines` writes the class and the place in the code, and nothing that the error holds.
            log.error("not handled", exc_info=error)
        headers = {"Retry-After": str(problem.params["n"])} if problem.code == "tries" else {}
        if "HX-Request" in request.headers:
            return office.pages.draw("problem_part.html", problem=problem), problem.status, headers
        if problem.status >= 500 and (words := _written()):
            return office.pages.draw("unsent.html", problem=problem, words=words), problem.status, headers
        return office.pages.draw("problem.html", problem=problem), problem.status, headers


def _written() -> str:
    """Return what somebody wrote in the form of this request: a fault of ours must not lose it."""
    if request.method != "POST":
        return ""
    return request.form.get("text", "") or request.form.get("value", "")
