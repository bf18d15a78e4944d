"""The web chat's JSON routes."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from bot.asked import Asked, Direct, Returned, here
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
    @Direct
    def begin(asked: Asked) -> Returned:
        asked.language = language_named(read_object(asked, required=False).get("language"))
        token, answer = visits.begin()
        return {"token": token} | as_json(answer), 201

    @web.post("/chat/messages")
    @Direct
    def hear(asked: Asked) -> Returned:
        body = read_object(asked)
        asked.language = language_named(body.get("language"))
        posted = read_message(body)
        return as_json(visits.hear(posted.heard(asked.token), posted.shown))

    @web.get("/chat/messages")
    @Direct
    def present(asked: Asked) -> Returned:
        after = asked.args.get("after")
        if asked.args.get("from") == "caseworker":
            return messages_as_json(visits.letters(asked.token, after))
        return as_json(visits.present(asked.token), after)

    @web.delete("/chat/sessions")
    def end() -> ResponseReturnValue:
        asked = here()
        erase = read_erase(read_object(asked, required=False))
        visits.present(asked.token)  # a token that nobody holds is told so
        visits.leave(asked.token, erase)
        return "", 204
