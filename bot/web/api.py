"""The web chat's JSON routes."""

from __future__ import annotations

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from bot.access import here
from bot.web.visit import Visits
from bot.web.wire import (
    as_json,
    language_named,
    messages_as_json,
    read_erase,
    read_message,
    read_object,
)


def add_api(web: Blueprint, visits: Visits) -> None:
    """Put the routes under `/chat/` on the blueprint."""

    @web.post("/chat/sessions")
    def begin() -> ResponseReturnValue:
        g.language = language_named(read_object(request, required=False).get("language"))
        token, answer = visits.begin()
        return {"token": token} | as_json(answer), 201

    @web.post("/chat/messages")
    def hear() -> ResponseReturnValue:
        body = read_object(here(request))
        g.language = language_named(body.get("language"))
        posted = read_message(body)
        return as_json(visits.hear(posted.heard(g.token), posted.shown))

    @web.get("/chat/messages")
    def present() -> ResponseReturnValue:
        after = request.args.get("after")
        if request.args.get("from") == "caseworker":
            return messages_as_json(visits.letters(g.token, after))
        return as_json(visits.present(g.token), after)

    @web.delete("/chat/sessions")
    def end() -> ResponseReturnValue:
        erase = read_erase(read_object(request, required=False))
        visits.present(g.token)  # a token that nobody holds is told so
        visits.leave(g.token, erase)
        return "", 204
