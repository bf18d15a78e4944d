"""What people may ask for of their own data: a copy, a correction, erasing; by when, and what was refused."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from desk import naming
from desk.access import LEADERS, LOG_READERS, READERS
from desk.case import PARTS, case_path, day_asked_for
from desk.copying import as_json, items_of, released
from desk.office import Office
from desk.pages import PLACES, Place
from desk.problems import Problem
from desk.session import session
from desk.turning import to_page
from flows.choices import CHOICES
from flows.steps import STEP
from storage.asking import RIGHTS
from storage.cases import open_case
from storage.casetelling import Case
from storage.correcting import CORRECTABLE, correct_answer, note_release, read_value
from storage.erasure import ERASE_REASONS, confirm_erasing, list_erasures, propose_erasing, withdraw_erasing
from storage.requests import REASONS, Request, add_request, list_refusals, open_requests, refuse_request
from storage.staff import list_staff

PLACES.append(Place("/desk/requests", "desk.place.requests", READERS, "d", 30))
PLACES.append(Place("/desk/receipts", "desk.place.receipts", LOG_READERS, "x", 95))


def add_rights(desk: Blueprint, office: Office) -> None:
    """Put people's rights on the desk."""

    @desk.get("/desk/requests")
    def requests() -> ResponseReturnValue:
        return office.pages.draw(
            "requests.html", requests=open_requests(office.database, session().caseworker)
        )

    @desk.get("/desk/receipts")
    def receipts() -> ResponseReturnValue:
        me = session().caseworker
        names = {member.id: member.name for member in list_staff(office.database)}
        return office.pages.draw(
            "receipts.html",
            erasures=list_erasures(office.database, me),
            refusals=list_refusals(office.database, me),
            names=names,
        )

    @desk.get("/desk/cases/<reference>/rights")
    def rights(reference: str) -> ResponseReturnValue:
        return _page(reference)

    @desk.post("/desk/cases/<reference>/requests")
    def note(reference: str) -> ResponseReturnValue:
        for kind in RIGHTS:
            if kind == request.form.get("kind"):
                on = day_asked_for("on") or office.now().date()
                add_request(office.database, session().caseworker, reference, kind, on)
                return to_page(_path(reference), done="request_noted")
        raise Problem("bad_request")

    @desk.post("/desk/cases/<reference>/requests/refuse")
    def refuse(reference: str) -> ResponseReturnValue:
        text, reason = _text("text"), request.form.get("reason", "")
        if not text:
            return to_page(_path(reference), done="nothing_written")
        try:
            wanted = bytes.fromhex(request.form.get("request", ""))
            refuse_request(office.database, session().caseworker, reference, wanted, reason, text)
        except ValueError:
            raise Problem("bad_request") from None
        return to_page(_path(reference), done="request_refused")

    @desk.post("/desk/cases/<reference>/correct")
    def correct(reference: str) -> ResponseReturnValue:
        name, once = request.form.get("field", ""), request.form.get("once", "")[:32]
        try:
            value = read_value(name, request.form.getlist("choice"), _text("value"))
        except ValueError:
            return to_page(_path(reference) + f"?done=no_answer&field={name if name in CORRECTABLE else ''}")
        correct_answer(office.database, session().caseworker, reference, name, value, _text("why"), once)
        return to_page(case_path(reference), done="corrected")

    @desk.get("/desk/cases/<reference>/copy")
    def copy(reference: str) -> ResponseReturnValue:
        case = _opened(reference)
        return office.pages.draw("copy.html", case=case, items=items_of(case, office.pages.say))

    @desk.post("/desk/cases/<reference>/copy")
    def release(reference: str) -> ResponseReturnValue:
        case = _opened(reference)
        items = items_of(case, office.pages.say)
        taken = set(request.form.getlist("take"))
        left_out = {item.id for item in items if item.id not in taken}
        given = released(items, left_out, request.form.get("names", "").splitlines())
        act = request.form.get("act")
        if act not in ("html", "json"):
            names = request.form.get("names", "")
            return office.pages.draw(
                "copy.html", case=case, items=items, taken=taken, names=names, given=given
            )
        note_release(office.database, session().caseworker, reference, len(left_out))
        if act == "json":
            body, kind = as_json(given), "application/json"
        else:
            body, kind = office.pages.draw("copy_given.html", given=given), "text/html"
        response = Response(body, mimetype=kind)
        response.headers["Content-Disposition"] = f"attachment; filename=copy.{act}"
        return response

    @desk.post("/desk/cases/<reference>/erase")
    def propose(reference: str) -> ResponseReturnValue:
        try:
            propose_erasing(office.database, session().caseworker, reference, request.form.get("reason", ""))
        except ValueError:
            raise Problem("bad_request") from None
        return to_page(_path(reference), done="erasing_proposed")

    @desk.post("/desk/cases/<reference>/erase/withdraw")
    def withdraw(reference: str) -> ResponseReturnValue:
        withdraw_erasing(office.database, session().caseworker, reference)
        return to_page(_path(reference), done="erasing_withdrawn")

    @desk.post("/desk/cases/<reference>/erase/confirm")
    def confirm(reference: str) -> ResponseReturnValue:
        receipt = confirm_erasing(office.database, session().caseworker, reference, office.options.journal)
        return office.pages.draw("erased.html", receipt=receipt)

    def _page(reference: str) -> str:
        case = _opened(reference)
        wanted = request.args.get("field", "")
        return office.pages.draw(
            "rights.html",
            case=case,
            requests=_requests_of(office, case),
            proposed=next((each for each in _requests_of(office, case) if each.proposed_by), None),
            names={member.id: member.name for member in list_staff(office.database)},
            may_confirm=session().role in LEADERS,
            kinds=RIGHTS,
            reasons=REASONS,
            erase_reasons=ERASE_REASONS,
            correctable=CORRECTABLE,
            field_asked=wanted if wanted in CORRECTABLE else "",
            choices=[choice for choice in CHOICES.get(wanted, ()) if choice != "done"],
            takes=STEP[wanted].takes if wanted in CORRECTABLE else "",
            naming=naming,
            once=secrets.token_hex(8),
        )

    def _opened(reference: str) -> Case:
        return open_case(office.database, office.keys, session().caseworker, reference, follows=True)


def part(office: Office, case: Case) -> dict[str, list[Request]]:
    """Return what `rights_menu.html` is drawn with."""
    return {"asked": _requests_of(office, case)}


PARTS.append(part)


def _requests_of(office: Office, case: Case) -> list[Request]:
    return open_requests(office.database, session().caseworker, office.now().date(), case.reference)


def _path(reference: str) -> str:
    return f"{case_path(reference)}/rights"


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").strip()
