"""The people: who works here, what each role may do, and what is done when somebody comes or leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.access import ALL, ASSIGNERS, DISABLERS, INVITERS, LEADERS, LOG_READERS, OWNERS, READERS
from desk.office import Office
from desk.pages import PLACES, Place
from desk.problems import Problem
from desk.session import session
from desk.turning import to_page
from storage.assigning import change_role
from storage.casework import move_cases
from storage.errors import StaffNotFound
from storage.invitations import invite_again, invite_colleague
from storage.queue import held_by
from storage.sessions import is_signed_in, sign_out_everywhere
from storage.staff import ROLES, ROLES_WITH_SLOT, Role, StaffMember, list_staff
from storage.staffing import disable_staff

PLACES.append(Place("/desk/people", "desk.place.people", ALL, "p", 80))

MATRIX: Mapping[str, frozenset[Role]] = {
    "desk.may.queue": READERS,
    "desk.may.every_case": LEADERS,
    "desk.may.erase": LEADERS,
    "desk.may.organisation": OWNERS,
    "desk.may.slot": ROLES_WITH_SLOT,
    "desk.may.rotate": INVITERS,
    "desk.may.invite": INVITERS,
    "desk.may.assign": ASSIGNERS,
    "desk.may.disable": DISABLERS,
    "desk.may.log": LOG_READERS,
}
"""What is said of the roles: the same sets that decide."""


@dataclass(frozen=True)
class Shown:
    """A colleague as the page shows them."""

    member: StaffMember
    id: str
    signed_in: bool
    cases: int


def add_people(desk: Blueprint, office: Office) -> None:
    """Put `/desk/people` on the desk."""

    @desk.get("/desk/people")
    def people() -> ResponseReturnValue:
        return _page()

    @desk.post("/desk/people")
    def invite() -> ResponseReturnValue:
        name, role = request.form.get("name", ""), _role_asked_for()
        member, token = invite_colleague(office.database, office.keys, name, role, session().caseworker)
        return _page(link=_address(token), linked=member.name)

    @desk.post("/desk/people/<member>/link")
    def invite_anew(member: str) -> ResponseReturnValue:
        name = _named(member).name
        token = invite_again(office.database, name, session().caseworker)
        return _page(link=_address(token), linked=name)

    @desk.post("/desk/people/<member>/role")
    def assign(member: str) -> ResponseReturnValue:
        name = _named(member).name
        token = change_role(office.database, name, _role_asked_for(), session().caseworker)
        if token is not None:
            return _page(link=_address(token), linked=name)
        return to_page("/desk/people", done="role_changed")

    @desk.post("/desk/people/<member>/disable")
    def disable(member: str) -> ResponseReturnValue:
        disable_staff(office.database, _named(member).name, session().caseworker)
        return to_page("/desk/people", done="disabled")

    @desk.post("/desk/people/<member>/sign-out")
    def sign_out(member: str) -> ResponseReturnValue:
        sign_out_everywhere(office.database, session().caseworker, _named(member).id)
        return to_page("/desk/people", done="signed_them_out")

    @desk.post("/desk/people/<member>/cases")
    def move(member: str) -> ResponseReturnValue:
        to = request.form.get("to", "")
        receiver = _named(to).id if to else None
        move_cases(office.database, session().caseworker, _named(member).id, receiver)
        return to_page("/desk/people", done="cases_moved")

    def _page(link: str = "", linked: str = "") -> str:
        here = is_signed_in(office.database, office.now())
        cases = held_by(office.database)
        members = list_staff(office.database)
        return office.pages.draw(
            "people.html",
            people=[
                Shown(member, member.id.hex(), member.id in here, cases.get(member.id, 0))
                for member in members
            ],
            readers=[m for m in members if m.state == "active" and m.role in READERS],
            roles=ROLES,
            matrix=MATRIX,
            may_invite=session().role in INVITERS,
            may_assign=session().role in ASSIGNERS,
            assignable=[
                role for role in ROLES if session().caseworker.desk_keys or role not in ROLES_WITH_SLOT
            ],
            with_slot=ROLES_WITH_SLOT,
            may_disable=session().role in DISABLERS,
            may_move=session().role in LEADERS,
            link=link,
            linked=linked,
        )

    def _named(member: str) -> StaffMember:
        for each in list_staff(office.database):
            if each.id.hex() == member:
                return each
        raise StaffNotFound

    def _role_asked_for() -> Role:
        for known in ROLES:
            if known == request.form.get("role"):
                return known
        raise Problem("bad_request")

    def _address(token: str) -> str:
        base = office.options.address or f"{request.scheme}://{request.host}"
        return f"{base}/desk/link/{token}"
