"""Who may call each route of the desk. This table is the decision: a route that is not in it answers nobody.

What of a case somebody may see or change is decided again by the store, with the case at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from flask import Flask, Request, g, request
from flask.typing import ResponseReturnValue

from desk.holding import present_form, wants_to_be_kept, writer_mark
from desk.office import Office
from desk.problems import Problem
from desk.session import present_session
from desk.turning import to_page, to_proof, to_sign_in
from storage.opening import ROLES_THAT_READ
from storage.sealing import same
from storage.sessions import Session
from storage.staff import ROLES, ROLES_THAT_ASSIGN, ROLES_THAT_DISABLE, ROLES_WITH_SLOT, Role


class Stage(Enum):
    """Who may call while not, or not yet, signed in."""

    ANYONE = "anyone"
    HALF_WAY = "whoever gave a right password, before the second factor"
    ENROLLING = "whoever came by a one-time link, or is signed in, to set a second factor"


@dataclass(frozen=True)
class Rule:
    """The decision about one route.

    Attributes:
        who: roles that are signed in, or a stage before that.
        fresh: the second factor must have been given just now.
        quiet: the page asks by itself: no sign of anybody being there.
    """

    who: frozenset[Role] | Stage
    fresh: bool = False
    quiet: bool = False


ALL = frozenset[Role](ROLES)
READERS = ROLES_THAT_READ
LEADERS = frozenset[Role]({"supervisor"})
INVITERS = ROLES_WITH_SLOT - {"intake"}
DISABLERS = ROLES_THAT_DISABLE - {"intake"}
ASSIGNERS = ROLES_THAT_ASSIGN
OWNERS = frozenset[Role]({"supervisor", "administrator"})
LOG_READERS = frozenset[Role]({"supervisor", "auditor"})

ACCESS: dict[tuple[str, str], Rule] = {
    # signing in
    ("GET", "/desk/static/<path:filename>"): Rule(Stage.ANYONE),
    ("GET", "/desk/language/<code>"): Rule(Stage.ANYONE),
    ("GET", "/desk/sign-in"): Rule(Stage.ANYONE),
    ("POST", "/desk/sign-in"): Rule(Stage.ANYONE),
    ("GET", "/desk/second"): Rule(Stage.HALF_WAY),
    ("POST", "/desk/second"): Rule(Stage.HALF_WAY),
    ("POST", "/desk/second/passkey"): Rule(Stage.HALF_WAY),
    ("GET", "/desk/link/<token>"): Rule(Stage.ANYONE),
    ("POST", "/desk/link/<token>"): Rule(Stage.ANYONE),
    ("GET", "/desk/enrol"): Rule(Stage.ENROLLING),
    ("POST", "/desk/enrol"): Rule(Stage.ENROLLING),
    ("GET", "/desk/enrol/code.svg"): Rule(Stage.ENROLLING),
    ("POST", "/desk/sign-out"): Rule(Stage.ANYONE),
    # one's own things
    ("GET", "/desk/"): Rule(ALL),
    ("GET", "/desk/me"): Rule(ALL),
    ("GET", "/desk/me/sign-ins"): Rule(ALL),
    ("POST", "/desk/me/sign-out"): Rule(ALL),
    ("GET", "/desk/me/telling"): Rule(READERS),
    ("POST", "/desk/me/telling"): Rule(READERS),
    ("GET", "/desk/prove"): Rule(ALL),
    ("POST", "/desk/prove"): Rule(ALL),
    ("POST", "/desk/prove/passkey"): Rule(ALL),
    ("POST", "/desk/me/passkeys/options"): Rule(ALL, fresh=True),
    ("POST", "/desk/me/passkeys"): Rule(ALL, fresh=True),
    ("POST", "/desk/me/passkeys/remove"): Rule(ALL, fresh=True),
    # the queue
    ("GET", "/desk/queue"): Rule(READERS),
    ("GET", "/desk/queue/rows"): Rule(READERS, quiet=True),
    ("POST", "/desk/queue/claim"): Rule(READERS),
    ("POST", "/desk/queue/release"): Rule(READERS),
    ("POST", "/desk/queue/hand-over"): Rule(READERS),
    # a case; the store decides whose it is
    ("GET", "/desk/cases/<reference>"): Rule(READERS),
    ("GET", "/desk/cases/<reference>/stamp"): Rule(READERS, quiet=True),
    ("POST", "/desk/cases/<reference>/claim"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/release"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/hand-over"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/attend"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/due"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/close"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/reopen"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/links"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/links/undo"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/notes"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/contacts"): Rule(READERS),
    # talking to its person
    ("GET", "/desk/cases/<reference>/talk"): Rule(READERS, quiet=True),
    ("POST", "/desk/cases/<reference>/talk"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/talk/end"): Rule(READERS),
    ("GET", "/desk/replies"): Rule(LEADERS),
    ("POST", "/desk/replies"): Rule(LEADERS),
    ("POST", "/desk/replies/remove"): Rule(LEADERS),
    # what people may ask for of their data
    ("GET", "/desk/requests"): Rule(READERS),
    ("GET", "/desk/receipts"): Rule(LOG_READERS),
    ("GET", "/desk/cases/<reference>/rights"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/requests"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/requests/refuse"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/correct"): Rule(READERS),
    ("GET", "/desk/cases/<reference>/copy"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/copy"): Rule(READERS, fresh=True),
    ("POST", "/desk/cases/<reference>/erase"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/erase/withdraw"): Rule(READERS),
    ("POST", "/desk/cases/<reference>/erase/confirm"): Rule(LEADERS, fresh=True),
    # the people
    ("GET", "/desk/people"): Rule(ALL),
    ("POST", "/desk/people"): Rule(INVITERS, fresh=True),
    ("POST", "/desk/people/<member>/link"): Rule(INVITERS, fresh=True),
    ("POST", "/desk/people/<member>/disable"): Rule(DISABLERS, fresh=True),
    ("POST", "/desk/people/<member>/role"): Rule(ASSIGNERS, fresh=True),
    ("POST", "/desk/people/<member>/sign-out"): Rule(DISABLERS),
    ("POST", "/desk/people/<member>/cases"): Rule(LEADERS),
    # a case taken by phone
    ("GET", "/desk/by-phone"): Rule(READERS),
    ("POST", "/desk/by-phone"): Rule(READERS),
    ("GET", "/desk/by-phone/<call>"): Rule(READERS),
    ("POST", "/desk/by-phone/<call>"): Rule(READERS),
    ("POST", "/desk/by-phone/<call>/leave"): Rule(READERS),
    # what the organisation owns
    ("GET", "/desk/organisation"): Rule(OWNERS),
    ("GET", "/desk/organisation/<fact_id>"): Rule(OWNERS),
    ("POST", "/desk/organisation/<fact_id>"): Rule(OWNERS),
    ("POST", "/desk/organisation/<fact_id>/checked"): Rule(OWNERS),
    # the keys
    ("GET", "/desk/keys"): Rule(INVITERS),
    ("POST", "/desk/keys/rotate"): Rule(INVITERS, fresh=True),
    ("POST", "/desk/keys/go-on"): Rule(INVITERS),
    # the log
    ("GET", "/desk/log"): Rule(LOG_READERS),
    ("GET", "/desk/log.csv"): Rule(LOG_READERS, fresh=True),
}

SAFE = ("GET", "HEAD")


def guard(app: Flask, office: Office) -> None:
    """Hold every request to the table."""

    @app.before_request
    def check() -> ResponseReturnValue | None:
        if office.options.host is not None and request.host != office.options.host:
            raise Problem("not_found")
        if request.url_rule is None:
            return None  # 404 or 405 follows
        method = "GET" if request.method == "HEAD" else request.method
        rule = ACCESS.get((method, request.url_rule.rule))
        if rule is None:
            raise Problem("not_found")
        if method not in SAFE and not _is_ours(request, office.options.host):
            raise Problem("origin")
        g.session = session = present_session(office, quiet=rule.quiet)
        g.writer = "" if session is None else writer_mark(office, session.staff_id)
        if rule.who is Stage.ANYONE:
            return None
        if session is None:
            return to_sign_in(office)
        return _check_session(office, rule, session, method)


def _check_session(office: Office, rule: Rule, session: Session, method: str) -> ResponseReturnValue | None:
    match rule.who:
        case Stage.HALF_WAY if session.stage == "password":
            pass
        case Stage.ENROLLING if session.stage in ("enrolling", "open"):
            pass
        case frozenset() if session.stage == "open":
            if session.role not in rule.who:
                raise Problem("role")
        case _:
            return to_page(_where_to_go_on(session))
    if method not in SAFE and not same(_token().encode(), session.csrf.encode()):
        # Signed in anew in another tab meanwhile; what was typed is offered again.
        if wants_to_be_kept():
            return office.pages.draw("again.html", again=present_form()), 409
        raise Problem("origin")
    if rule.fresh and not session.is_fresh(office.now()):
        return to_proof(office, session)
    return None


def _where_to_go_on(session: Session) -> str:
    return {"password": "/desk/second", "enrolling": "/desk/enrol", "open": "/desk/"}[session.stage]


def _token() -> str:
    return request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")


def _is_ours(asked: Request, own_host: str | None) -> bool:
    """Whether a page of ours, or no browser, is asking. Our pages send no referrer, so forms have no origin."""
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    return origin in (None, "null") or urlsplit(origin).netloc in (asked.host, own_host)
