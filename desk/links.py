"""What is done about the links of a case: how far each is, what was reported to whom, which type its site is."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk import naming
from desk.case import case_path, day_asked_for
from desk.office import Office
from desk.problems import Problem
from desk.reading import last_change
from desk.session import session
from desk.turning import to_page
from flows.platforms import PLATFORMS
from storage.cases import open_case
from storage.linkwork import LINK_STATUSES, LinkState, LinkStatus, change_links, restore_links

LONGEST_NAME = 200
"""Characters of whom something was reported to."""


def add_links(desk: Blueprint, office: Office) -> None:
    """Put what is done about links on the desk."""

    @desk.post("/desk/cases/<reference>/links")
    def change(reference: str) -> ResponseReturnValue:
        numbers = {int(number) for number in request.form.getlist("link") if _is_number(number)}
        if not numbers:
            raise Problem("none_chosen")
        status: LinkStatus | None = next(
            (known for known in LINK_STATUSES if known == request.form.get("status")), None
        )
        platform = next((known for known in PLATFORMS if known == request.form.get("platform")), None)
        text = request.form.get("text", "").replace("\r\n", "\n").strip()
        if status is None and platform is None and not text:
            return to_page(case_path(reference), done="nothing_written")
        on = day_asked_for("on")
        about = {
            "to": next((to for to in naming.REPORTED_TO if to == request.form.get("to")), ""),
            "whom": request.form.get("whom", "").strip()[:LONGEST_NAME],
            "on": on.isoformat() if on else "",
        }
        about = {name: value for name, value in about.items() if value}
        change_links(office.database, session().caseworker, reference, numbers, status, platform, about, text)
        return to_page(case_path(reference), done="links_changed", place="links")

    @desk.post("/desk/cases/<reference>/links/undo")
    def undo(reference: str) -> ResponseReturnValue:
        me = session().caseworker
        case = open_case(office.database, office.keys, me, reference, follows=True)
        last = last_change(case)
        if last is None or str(last.number) != request.form.get("entry"):
            return to_page(case_path(reference), done="links_moved_on", place="links")
        before = {int(number): LinkState(**state) for number, state in last.about["before"].items()}
        restore_links(office.database, me, reference, before)
        return to_page(case_path(reference), done="links_restored", place="links")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6
