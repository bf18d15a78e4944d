"""From one page to another, and nowhere else: redirects stay within the desk."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from desk.holding import hold, wants_to_be_kept, writer_of
from desk.office import Office
from desk.session import present_secret
from storage.factors import factors_of
from storage.sessions import Session, whose_session


def is_inside(path: str) -> bool:
    """Whether an address leads to a page of the desk."""
    return path.startswith("/desk/") and len(path) < 1_000 and path.isprintable() and "\\" not in path


def to_page(path: str, done: str = "", place: str = "", **more: str) -> Response:
    """Send the browser to a page of the desk.

    Args:
        done: the last part of the id of a text (`desk.done.…`) that the page then begins with.
        place: the id of the part of the page that is to be in sight.
    """
    where = path if is_inside(path) else "/desk/"
    query = urlencode({name: value for name, value in {"done": done, **more}.items() if value})
    address = f"{where}{'&' if '?' in where else '?'}{query}" if query else where
    address += f"#{place}" if place else ""
    if "HX-Request" in request.headers:
        response = make_response("", 204)
        response.headers["HX-Redirect"] = address
        return response
    return make_response(redirect(address, 303))


def wanted_page() -> str:
    """Return where somebody was going who has to sign in first."""
    asked = request.values.get("next", "")
    return asked if is_inside(asked) else "/desk/"


def to_sign_in(office: Office) -> Response:
    """Ask somebody who is not signed in, or no longer, to sign in; what they wrote is kept."""
    if wants_to_be_kept():
        secret = present_secret(office)
        # Signed out elsewhere, or in another tab, leaves nothing to know the sign-in by.
        staff_id = (secret and whose_session(office.database, secret)) or writer_of(office)
        if staff_id is not None:
            page = office.pages.draw(
                "sign_in.html", next="/desk/", held=hold(office, staff_id), problem="expired"
            )
            return make_response(page, 401)
    asked = request.full_path.rstrip("?") if request.method == "GET" else ""
    if "HX-Request" in request.headers:
        asked = ""  # part of a page leads nowhere by itself
    return to_page("/desk/sign-in", next="" if asked == "/desk/" else asked)


def to_proof(office: Office, session: Session) -> Response:
    """Ask for the second factor once more, before something dangerous."""
    if request.method == "GET":
        return to_page("/desk/prove", next=request.full_path.rstrip("?"))
    if "HX-Request" in request.headers or request.is_json:
        response = make_response("", 403)
        response.headers["HX-Redirect"] = "/desk/prove"
        return response
    factors = factors_of(office.database, session.staff_id)
    held = hold(office, session.staff_id)
    page = office.pages.draw("prove.html", next="/desk/", held=held, factors=factors)
    return make_response(page, 200)
