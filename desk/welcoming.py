"""The first time: a one-time link, a password, an authenticator app, and the recovery codes."""

from __future__ import annotations

import io

import segno
from flask import Blueprint, Response, g, make_response, request
from flask.typing import ResponseReturnValue

from desk.noticing import recognise
from desk.office import Office
from desk.problems import Problem, problem_of
from desk.session import give_browser_mark, give_cookie, session
from desk.turning import to_page
from storage.errors import (
    StaffDisabled,
    StaffExists,
    TooManyTries,
    UnfitName,
    UnfitPassword,
    WrongCode,
    WrongPassword,
)
from storage.factors import app_address, app_secret, confirm_app
from storage.invitations import (
    Invitation,
    accept_first,
    accept_new,
    accept_with_password,
    read_invitation,
)
from storage.passwords import LONGEST
from storage.sessions import open_session, resume_session


def add_welcoming(desk: Blueprint, office: Office) -> None:
    """Put the way in by a link under `/desk/`."""

    @desk.get("/desk/link/<token>")
    def link_page(token: str) -> ResponseReturnValue:
        return office.pages.draw(
            "link.html", invitation=read_invitation(office.database, token, office.now()), name=""
        )

    @desk.post("/desk/link/<token>")
    def link(token: str) -> ResponseReturnValue:
        now = office.now()
        invitation = read_invitation(office.database, token, now)
        try:
            secret = _accept(office, token, invitation)
        except (UnfitName, UnfitPassword, StaffExists, WrongPassword, TooManyTries, Problem) as error:
            wrong = isinstance(error, WrongPassword)
            problem = Problem("bad_request") if wrong else problem_of(error)
            page = office.pages.draw(
                "link.html",
                invitation=invitation,
                name=request.form.get("name", ""),
                problem="wrong" if wrong else problem,
            )
            return page, 401 if wrong else problem.status
        g.session = resume_session(office.database, secret, now)
        return give_cookie(office, to_page("/desk/enrol"), secret)

    @desk.get("/desk/enrol")
    def enrol_page() -> ResponseReturnValue:
        if session().stage == "open" and not session().is_fresh(office.now()):
            return to_page("/desk/prove", next="/desk/enrol")
        return _enrol_page(office)

    @desk.get("/desk/enrol/code.svg")
    def enrol_code() -> ResponseReturnValue:
        _check_may_enrol(office)
        picture = io.BytesIO()
        segno.make(app_address(session(), office.pages.say("desk.title")), error="m").save(
            picture, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False, svgns=True
        )
        return Response(picture.getvalue(), mimetype="image/svg+xml")

    @desk.post("/desk/enrol")
    def enrol() -> ResponseReturnValue:
        _check_may_enrol(office)
        now = office.now()
        tries = [office.guesses.account(f"second factor {session().staff_id.hex()}")]
        try:
            office.guesses.check(tries, now)
            codes = confirm_app(office.database, session(), request.form.get("code", ""), now)
        except WrongCode:
            office.guesses.failed(tries, now)
            return _enrol_page(office, "wrong"), 401
        except TooManyTries as error:
            return _enrol_page(office, problem_of(error)), 429
        who = session()
        greeting = None if who.stage == "open" else recognise(office, who)
        secret = open_session(office.database, who, now)
        g.session = resume_session(office.database, secret, now)
        response = make_response(office.pages.draw("codes.html", codes=codes))
        if greeting is not None:
            give_browser_mark(office, response, greeting.mark)
        return give_cookie(office, response, secret)


def _accept(office: Office, token: str, invitation: Invitation) -> bytes:
    now, password = office.now(), request.form.get("password", "")
    parameters = office.options.parameters
    if invitation.kind != "factor" and password != request.form.get("again", ""):
        raise Problem("passwords_differ")
    if invitation.kind == "first":
        name = request.form.get("name", "")
        return accept_first(office.database, office.keys, token, name, password, now, parameters)
    if invitation.kind == "new":
        return accept_new(office.database, token, password, now, parameters)
    tries = [office.guesses.account(f"link {token}"), office.guesses.block(request.remote_addr)]
    office.guesses.check(tries, now)
    try:
        return accept_with_password(office.database, token, password[: LONGEST + 1], now, parameters)
    except (WrongPassword, StaffDisabled):
        office.guesses.failed(tries, now)
        raise WrongPassword from None


def _check_may_enrol(office: Office) -> None:
    if session().stage == "open" and not session().is_fresh(office.now()):
        raise Problem("role")


def _enrol_page(office: Office, problem: str | Problem | None = None) -> str:
    secret = app_secret(session())
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return office.pages.draw("enrol.html", secret=groups, problem=problem)
