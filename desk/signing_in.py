"""Signing in: the password, then the second factor; and signing out."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, request
from flask.typing import ResponseReturnValue

from desk.holding import opened
from desk.noticing import PATH as SIGN_INS
from desk.noticing import recognise
from desk.office import Office
from desk.passkeys import check_passkey
from desk.problems import Problem, problem_of
from desk.session import give_browser_mark, give_cookie, present_secret, session, take_cookie
from desk.turning import to_page, wanted_page
from storage.errors import StaffDisabled, TooManyTries, WrongCode, WrongPassword
from storage.factors import check_app, factors_of, use_recovery_code
from storage.passwords import LONGEST
from storage.sessions import (
    Session,
    begin_session,
    end_session,
    open_session,
    resume_session,
    sign_out_everywhere,
)
from storage.signing_in import check_and_open
from storage.staff import LONGEST_NAME, name_key

LONGEST_APP_CODE = 8
"""Signs; what is longer is a recovery code."""


def add_signing_in(desk: Blueprint, office: Office) -> None:
    """Put the pages of signing in and out under `/desk/`."""

    @desk.get("/desk/sign-in")
    def sign_in_page() -> ResponseReturnValue:
        if g.session is not None and g.session.stage == "open":
            return to_page(wanted_page())
        return office.pages.draw("sign_in.html", next=wanted_page())

    @desk.post("/desk/sign-in")
    def sign_in() -> ResponseReturnValue:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        tries = [
            office.guesses.account(name_key(name[: 2 * LONGEST_NAME])),
            office.guesses.block(request.remote_addr),
        ]
        now = office.now()
        try:
            office.guesses.check(tries, now)
            if len(password) > LONGEST:
                raise WrongPassword
            staff_id, private = check_and_open(office.database, name, password, office.options.parameters)
        except TooManyTries as error:
            return _sign_in_again(problem_of(error)), 429
        except (WrongPassword, StaffDisabled):
            # Whether there is such a colleague is not said, nor whether they left.
            office.guesses.failed(tries, now)
            return _sign_in_again("wrong"), 401
        factors = factors_of(office.database, staff_id)
        if not factors.app and not factors.passkeys:
            return _sign_in_again("no_factor"), 403
        with office.database.transaction() as connection:
            secret = begin_session(connection, staff_id, private, "password", now)
        g.session = resume_session(office.database, secret, now)
        if request.form.get("held"):
            response = make_response(_second_page(office))
        else:
            response = to_page("/desk/second", next=request.form.get("next", ""))
        return give_cookie(office, response, secret)

    @desk.get("/desk/second")
    def second_page() -> ResponseReturnValue:
        return _second_page(office)

    @desk.post("/desk/second")
    def second() -> ResponseReturnValue:
        try:
            recovered = check_factor(office, session())
        except (WrongCode, TooManyTries) as error:
            return _second_page(office, error), 429 if isinstance(error, TooManyTries) else 401
        office.guesses.succeeded(office.guesses.account(name_key(session().name)))
        return let_in(office, session(), "/desk/me" if recovered else wanted_page())

    @desk.post("/desk/sign-out")
    def sign_out() -> ResponseReturnValue:
        secret = present_secret(office)
        if secret is not None:
            end_session(office.database, secret)
        return take_cookie(office, to_page("/desk/sign-in", done="signed_out"))

    @desk.post("/desk/me/sign-out")
    def sign_out_all() -> ResponseReturnValue:
        sign_out_everywhere(office.database, session().caseworker, session().staff_id)
        return take_cookie(office, to_page("/desk/sign-in", done="signed_out_everywhere"))

    def _sign_in_again(problem: str | Problem) -> str:
        return office.pages.draw(
            "sign_in.html", next=wanted_page(), held=request.form.get("held", ""), problem=problem
        )


def check_factor(office: Office, who: Session) -> bool:
    """Take what this form brings: a passkey, a code of the app, or a recovery code; wrong ones have to wait.

    Returns:
        Whether it was a recovery code.
    Raises:
        WrongCode, TooManyTries.
    """
    now = office.now()
    tries = [office.guesses.account(f"second factor {who.staff_id.hex()}")]
    office.guesses.check(tries, now)
    code, passkey = request.form.get("code", ""), request.form.get("passkey", "")
    recovering = not passkey and sum(sign.isalnum() for sign in code) > LONGEST_APP_CODE
    try:
        if passkey:
            check_passkey(office, passkey)
        elif recovering:
            use_recovery_code(office.database, who, code, now)
        else:
            check_app(office.database, who, code, now)
    except WrongCode:
        office.guesses.failed(tries, now)
        raise
    office.guesses.succeeded(tries[0])
    return recovering


def let_in(office: Office, who: Session, path: str) -> Response:
    """Open the sign-in of somebody who proved themselves, and take them where they were going.

    A form that came too late before is offered again. Of sign-ins they may not know of they are told first.
    """
    now = office.now()
    greeting = None if who.stage == "open" else recognise(office, who)
    secret = open_session(office.database, who, now)
    g.session = resume_session(office.database, secret, now)
    unusual = greeting is not None and greeting.unusual
    again = opened(office, who.staff_id, request.form.get("held", ""))
    if again is not None:
        response = make_response(office.pages.draw("again.html", again=again, unusual=unusual))
    else:
        response = to_page(SIGN_INS, next=path) if unusual else to_page(path)
    if greeting is not None:
        give_browser_mark(office, response, greeting.mark)
    return give_cookie(office, response, secret)


def _second_page(office: Office, error: Exception | None = None) -> str:
    factors = factors_of(office.database, session().staff_id)
    return office.pages.draw(
        "second.html",
        next=wanted_page(),
        held=request.form.get("held", ""),
        factors=factors,
        problem=error and ("wrong" if isinstance(error, WrongCode) else problem_of(error)),
    )
