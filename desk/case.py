"""A case on one page: everything about it, and what can be done with it.

It is opened by a press and no more, and that it was stands in the log before anything is shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue

from desk import naming
from desk.office import Office
from desk.problems import PROBLEMS, Problem
from desk.queue import colleague_asked_for, is_overdue, readers
from desk.reading import (
    MENTIONED_ELSEWHERE,
    followed_links,
    last_change,
    timeline,
    told_answers,
)
from desk.session import session
from desk.turning import to_page
from flows.platforms import PLATFORMS
from flows.vocabulary import ENGLISH, LANGUAGES, Language
from locales import TAGS
from locales.consents import consent_text
from storage.casehistory import case_events, case_stamp
from storage.cases import open_case
from storage.casetelling import Case
from storage.casework import (
    attend_case,
    claim_case,
    close_case,
    hand_over,
    release_case,
    reopen_case,
    set_due,
)
from storage.errors import CaseClosed, CaseDamaged
from storage.linkwork import LINK_STATUSES
from storage.opening import ROLES_WITH_ALL_CASES
from storage.staff import list_staff

Part = Callable[[Office, Case], Mapping[str, Any]]
PARTS: list[Part] = []
"""What other modules give the page for the parts that are theirs: `talking.html`, `rights_menu.html`."""

LAST_FEW = 200
"""Happenings that are shown; what came before is in the log."""


def add_case(desk: Blueprint, office: Office) -> None:
    """Put `/desk/cases/…` on the desk."""

    @desk.get("/desk/cases/<reference>")
    def case(reference: str) -> ResponseReturnValue:
        return show_case(office, reference, follows="done" in request.args)

    @desk.get("/desk/cases/<reference>/stamp")
    def stamp(reference: str) -> ResponseReturnValue:
        """Whether anything changed since a page was drawn: 304, or 200 with nothing in it."""
        now = case_stamp(office.database, session().caseworker, reference)
        known = request.headers.get("If-None-Match", "").strip('"')
        return Response(status=304 if known == now else 200, headers={"ETag": f'"{now}"'})

    @desk.post("/desk/cases/<reference>/claim")
    def claim(reference: str) -> ResponseReturnValue:
        claim_case(office.database, session().caseworker, reference)
        return to_page(case_path(reference), done="claimed")

    @desk.post("/desk/cases/<reference>/release")
    def release(reference: str) -> ResponseReturnValue:
        release_case(office.database, session().caseworker, reference)
        return to_page("/desk/queue", done="released")

    @desk.post("/desk/cases/<reference>/hand-over")
    def give(reference: str) -> ResponseReturnValue:
        hand_over(office.database, session().caseworker, reference, colleague_asked_for(office))
        return to_page("/desk/queue", done="handed_over")

    @desk.post("/desk/cases/<reference>/attend")
    def attend(reference: str) -> ResponseReturnValue:
        attend_case(office.database, session().caseworker, reference)
        return to_page(case_path(reference), done="attended")

    @desk.post("/desk/cases/<reference>/due")
    def due(reference: str) -> ResponseReturnValue:
        set_due(office.database, session().caseworker, reference, day_asked_for("on"))
        return to_page(case_path(reference), done="due_set")

    @desk.post("/desk/cases/<reference>/close")
    def close(reference: str) -> ResponseReturnValue:
        with suppress(CaseClosed):  # pressed twice
            close_case(office.database, session().caseworker, reference, office.options.closed_days)
        return to_page(case_path(reference), done="closed")

    @desk.post("/desk/cases/<reference>/reopen")
    def reopen(reference: str) -> ResponseReturnValue:
        reopen_case(office.database, session().caseworker, reference)
        return to_page(case_path(reference), done="reopened")


def case_path(reference: str) -> str:
    """Return where a case is; what is no reference leads to the queue, which finds nothing."""
    fit = reference.strip().upper()
    return f"/desk/cases/{fit}" if fit.isascii() and fit.replace("-", "").isalnum() else "/desk/queue"


def day_asked_for(name: str) -> date | None:
    """Return the day in a form; None where it was left empty."""
    if not (text := request.form.get(name, "").strip()):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem("bad_request") from None


def show_case(office: Office, reference: str, *, follows: bool) -> ResponseReturnValue:
    """Open a case and draw its page; of one that is not what was submitted, say so and show nothing.

    Args:
        follows: the page was there before: as `storage.cases.open_case`.
    """
    me = session()
    try:
        seen = case_stamp(office.database, me.caseworker, reference)
        case = open_case(office.database, office.keys, me.caseworker, reference, follows=follows)
    except CaseDamaged as damage:
        g.error = type(damage).__name__
        page = office.pages.draw("case_damaged.html", reference=reference[:20], check=damage.check)
        return page, PROBLEMS["case_damaged"]
    events = case_events(office.database, me.caseworker, case.reference, MENTIONED_ELSEWHERE)
    names = {member.id.hex(): member.name for member in list_staff(office.database)}
    happened = timeline(case, events, names)
    told = {each.name: each for each in told_answers(case)}
    consent = case.fields.get("consent") or {}
    now = office.now()
    return office.pages.draw(
        "case.html",
        case=case,
        stamp=seen,
        tag_of=next((TAGS[code] for code in LANGUAGES if code == case.language), ""),
        may_work=me.role in ROLES_WITH_ALL_CASES or case.holder == me.name,
        mine=case.holder == me.name,
        overdue=is_overdue(case.due_on, now) and case.status != "closed",
        contact=dict.fromkeys(_PINNED) | {name: each for name, each in told.items() if name in _PINNED},
        answers=[each for name, each in told.items() if name not in _PINNED],
        consent=consent,
        consent_text=_consent_text(office, consent),
        links=followed_links(case),
        taken_back=last_change(case),
        happened=happened[:LAST_FEW],
        happened_before=max(0, len(happened) - LAST_FEW),
        names=names,
        colleagues=[each for each in readers(office) if each.name != case.holder],
        naming=naming,
        statuses=LINK_STATUSES,
        platforms=PLATFORMS,
        closed_days=office.options.closed_days,
        once=secrets.token_hex(8),
        **{name: value for part in PARTS for name, value in part(office, case).items()},
    )


_PINNED = ("contact_method", "contact_detail", "contact_safety")
"""Answers that are always in sight."""


def _consent_text(office: Office, consent: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what was agreed to, as it was asked, and its language; None where the version is not known."""
    asked: Language = next((code for code in LANGUAGES if code == consent.get("language")), ENGLISH)
    text = consent_text(office.words, consent.get("version", ""), asked)
    return None if text is None else (text, TAGS[asked])
