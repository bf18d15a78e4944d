"""The second factor once more, before something dangerous; and one's own things."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.office import Office
from desk.problems import problem_of
from desk.session import session
from desk.signing_in import check_factor, let_in
from desk.turning import wanted_page
from storage.errors import TooManyTries, WrongCode
from storage.factors import factors_of


def add_proving(desk: Blueprint, office: Office) -> None:
    """Put `/desk/prove` and `/desk/me` on the desk."""

    @desk.get("/desk/prove")
    def prove_page() -> ResponseReturnValue:
        return office.pages.draw(
            "prove.html", next=wanted_page(), factors=factors_of(office.database, session().staff_id)
        )

    @desk.post("/desk/prove")
    def prove() -> ResponseReturnValue:
        try:
            check_factor(office, session())
        except (WrongCode, TooManyTries) as error:
            wrong = isinstance(error, WrongCode)
            page = office.pages.draw(
                "prove.html",
                next=wanted_page(),
                held=request.form.get("held", ""),
                factors=factors_of(office.database, session().staff_id),
                problem="wrong" if wrong else problem_of(error),
            )
            return page, 401 if wrong else 429
        return let_in(office, session(), wanted_page())

    @desk.get("/desk/me")
    def me() -> ResponseReturnValue:
        return office.pages.draw("me.html", factors=factors_of(office.database, session().staff_id))
