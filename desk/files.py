"""Style sheets, scripts and pictures: ours, and those shared with the chat. None of them tells anything."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, make_response, request, send_from_directory
from flask.typing import ResponseReturnValue

from desk.office import Office
from desk.pages import LANGUAGE_COOKIE
from desk.problems import Problem
from desk.turning import is_inside, to_page
from flows.vocabulary import LANGUAGES

SHARED = frozenset({"shared.css", "icon.svg"})
_OURS = Path(__file__).parent / "static"
_A_YEAR = 365 * 24 * 3600


def add_files(desk: Blueprint, office: Office) -> None:
    """Put the files, and the choice of a language, under `/desk/`."""

    @desk.get("/desk/static/<path:filename>")
    def static(filename: str) -> ResponseReturnValue:
        folder = office.options.shared_static if filename in SHARED else _OURS
        return send_from_directory(folder, filename)

    @desk.get("/desk/language/<code>")
    def language(code: str) -> ResponseReturnValue:
        if code not in LANGUAGES:
            raise Problem("not_found")
        asked = request.args.get("next", "")
        response = make_response(to_page(asked if is_inside(asked) else "/desk/"))
        response.set_cookie(
            LANGUAGE_COOKIE,
            code,
            max_age=_A_YEAR,
            secure=office.options.secure,
            httponly=True,
            samesite="Strict",
            path="/desk",
        )
        return response
