"""Notes, contacts and details of third persons, written into a case."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk import naming
from desk.case import case_path
from desk.holding import present_form
from desk.office import Office
from desk.problems import Problem, problem_of
from desk.session import session
from desk.turning import to_page
from storage.casebook import Kind, write_entry
from storage.errors import CaseNotFound, NotAllowed, TooLong


def add_notes(desk: Blueprint, office: Office) -> None:
    """Put what is written into a case on the desk."""

    @desk.post("/desk/cases/<reference>/notes")
    def note(reference: str) -> ResponseReturnValue:
        kind: Kind = "third_party" if request.form.get("kind") == "third_party" else "note"
        return _write(reference, kind, {}, required=True)

    @desk.post("/desk/cases/<reference>/contacts")
    def contact(reference: str) -> ResponseReturnValue:
        how, outcome = request.form.get("how", ""), request.form.get("outcome", "")
        if how not in naming.CONTACT_WAYS or outcome not in naming.OUTCOMES:
            raise Problem("bad_request")
        return _write(reference, "contact", {"how": how, "outcome": outcome}, required=False)

    def _write(reference: str, kind: Kind, about: dict[str, str], required: bool) -> ResponseReturnValue:
        # Browsers send each line end as two characters.
        text = request.form.get("text", "").replace("\r\n", "\n").strip()
        once = request.form.get("once", "")[:32]
        if required and not text:
            return to_page(case_path(reference), done="nothing_written")
        try:
            write_entry(office.database, session().caseworker, reference, kind, text, about, once)
        except (NotAllowed, TooLong, CaseNotFound) as error:
            # It was theirs when they began to write: the words come back with the reason.
            if not text:
                raise
            problem = problem_of(error)
            page = office.pages.draw(
                "unsent.html", problem=problem, words=dict(present_form().fields)["text"]
            )
            return page, problem.status
        return to_page(case_path(reference), done="noted")
