"""Sign-ins that a colleague may not know of: they are told of them, and can end them all."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.office import Office
from desk.session import browser_mark, session
from desk.turning import wanted_page
from storage.browsers import Greeting, greet, latest_sign_ins, refused_lately
from storage.sessions import Session

PATH = "/desk/me/sign-ins"


def add_noticing(desk: Blueprint, office: Office) -> None:
    """Put the list of one's own sign-ins on the desk."""

    @desk.get(PATH)
    def sign_ins() -> ResponseReturnValue:
        return office.pages.draw(
            "sign_ins.html",
            sign_ins=latest_sign_ins(office.database, session().staff_id),
            refused=refused_lately(office.database, session().staff_id, office.now()),
            asks="next" in request.args,
            next=wanted_page(),
        )


def recognise(office: Office, who: Session) -> Greeting:
    """Recognise the browser of this request, before its sign-in is open."""
    return greet(office.database, who.staff_id, browser_mark(office), office.now())
