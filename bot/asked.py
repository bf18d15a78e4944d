"""A request, and the short way of a message through HTTP.

Around every request Flask makes contexts, a session and a response, which takes nearly as long as deciding on an
answer. A message needs none of them: a `Direct` view is handed its request, and `ShortWay` leads there, past the same
checks and with the same answer. To Flask it is a view like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import update_wrapper
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, request
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from flows.vocabulary import Language

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Body = dict[str, Any] | str | bytes
"""JSON, or a text."""
Returned = Body | tuple[Body, int] | tuple[Body, int, dict[str, str]]
"""What a direct view returns: a body, and where it needs them a status that has one, and headers."""

DirectView = Callable[["Asked"], Returned]


class Asked(Request):
    """A request, and what was found out about it on the way to its view.

    Attributes:
        token: that of a conversation, where its holder asks.
        language: in which the client said it wants to be told of problems.
    """

    token = ""
    language: Language | None = None


def here() -> Asked:
    """Return the request itself. Flask's `request` stands for it, and looks for it anew at each use."""
    found: Asked = request._get_current_object()  # type: ignore[attr-defined]
    return found


class Direct:
    """A view for Flask, made of one that is handed its request."""

    def __init__(self, view: DirectView) -> None:
        self.view = view
        update_wrapper(self, view)

    def __call__(self) -> ResponseReturnValue:
        """Answer the request that Flask is at."""
        return self.view(here())


class ShortWay:
    """Answers what is asked of direct views, and leaves everything else to Flask.

    Args:
        app: the program, with its routes.
        checks: what every request has to pass, in this order; whatever does not, raises.
        tell: from an error to the answer that tells of it.
        written: writes JSON.
    """

    def __init__(
        self,
        app: Flask,
        checks: Sequence[Callable[[Asked], None]],
        tell: Callable[[Exception, Asked], Returned],
        written: Callable[[Any], str],
    ) -> None:
        self._long_way = app.wsgi_app
        self._checks, self._tell, self._written = checks, tell, written
        self._views: dict[tuple[str, str], tuple[Rule, DirectView]] = {}
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            if isinstance(view, Direct):
                # HEAD is for Flask to answer, which leaves the body away.
                for method in (rule.methods or set()) - {"HEAD"}:
                    self._views[method, rule.rule] = rule, view.view

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, as WSGI has it."""
        found = self._views.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))
        if found is None:
            return self._long_way(environ, start_response)
        asked = Asked(environ)
        asked.url_rule, view = found
        try:
            for check in self._checks:
                check(asked)
            content, status, headers = self._in_bytes(view(asked))
        except Exception as error:
            content, status, headers = self._in_bytes(self._tell(error, asked))
        start_response(f"{status} {HTTPStatus(status).phrase.upper()}", list(headers.items()))
        return [content]

    def _in_bytes(self, answer: Returned) -> tuple[bytes, int, dict[str, str]]:
        body, status, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (answer, 200, {})
        kind = "text/html; charset=utf-8"
        if isinstance(body, dict):
            body, kind = self._written(body) + "\n", "application/json"
        content = body.encode() if isinstance(body, str) else body
        return content, status, {"Content-Type": kind, "Content-Length": str(len(content)), **headers}
