"""Where somebody begins who signed in: the first place of the navigation that their role has."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from desk.keys import sweep
from desk.office import Office
from desk.pages import first_place
from desk.session import session
from desk.turning import to_page


def add_home(desk: Blueprint, office: Office) -> None:
    """Put the way in at `/desk/`."""

    @desk.get("/desk/")
    def home() -> ResponseReturnValue:
        sweep(office, session())
        return to_page(first_place(session()).path)
