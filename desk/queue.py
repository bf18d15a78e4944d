"""The queue: who waits, for how long and why, who has what; claiming, releasing and handing over."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, make_response, request
from flask.typing import ResponseReturnValue

from desk import naming
from desk.access import READERS
from desk.office import Office
from desk.pages import HONG_KONG, PLACES, Place
from desk.problems import Problem, problem_of
from desk.session import session
from desk.turning import to_page
from flows.vocabulary import LANGUAGES
from storage.casetelling import PRIORITIES
from storage.casework import claim_case, hand_over, release_case
from storage.errors import StaffNotFound, StoreError
from storage.finding import Wanted
from storage.linkwork import LINK_STATUSES
from storage.queue import Counts, QueuePage, QueueRow, count_cases, find_reference, queue_page
from storage.staff import StaffMember, list_staff

PLACES.append(Place("/desk/queue", "desk.place.queue", READERS, "q", 10))

LONG = timedelta(hours=24)
"""Whoever waited this long without anybody's taking up the case stands out."""
MOST_AT_ONCE = 50
"""Cases that one press can move: those of a page."""


@dataclass(frozen=True)
class View:
    """A view that is there for everybody.

    Attributes:
        counted: the field of `Counts` that says how many stand in it.
        only_if_any: it is not offered while nothing stands in it.
    """

    name: str
    wanted: Callable[[bytes, datetime], Wanted]
    counted: str = ""
    only_if_any: bool = False


VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        View("open", lambda me, a_day_ago: Wanted(), "open"),
        View("mine", lambda me, a_day_ago: Wanted(holder=me), "mine"),
        View("unclaimed", lambda me, a_day_ago: Wanted(states="queued")),
        View("raised", lambda me, a_day_ago: Wanted(raised=True), "raised"),
        View("overdue", lambda me, a_day_ago: Wanted(overdue=True), "overdue"),
        View("waiting", lambda me, a_day_ago: Wanted(waiting_since=a_day_ago), "waiting_a_day"),
        View("stuck", lambda me, a_day_ago: Wanted(orphaned=True), "orphaned", only_if_any=True),
        View("closed", lambda me, a_day_ago: Wanted(states="closed")),
    )
}

FILTERS: Mapping[str, tuple[str, ...]] = {
    "priority": PRIORITIES,
    "language": LANGUAGES,
    "channel": naming.CHANNELS,
    "link_status": LINK_STATUSES,
}


@dataclass(frozen=True)
class Line:
    """A row of the queue as the page shows it.

    Attributes:
        version: differs where anything shown does, so that a page only replaces what changed.
    """

    row: QueueRow
    since: datetime
    waited_long: bool
    overdue: bool
    mine: bool

    @property
    def version(self) -> str:
        """Of what is shown but for the time that passes."""
        return f"{zlib.crc32(repr(self).encode('utf-8', 'replace')):x}"


def add_queue(desk: Blueprint, office: Office) -> None:
    """Put `/desk/queue` on the desk."""

    @desk.get("/desk/queue")
    def queue() -> ResponseReturnValue:
        if typed := request.args.get("q", "").strip():
            return _search(typed)
        return _draw("queue.html", _look())

    @desk.get("/desk/queue/rows")
    def rows() -> ResponseReturnValue:
        """What changed since the stamps that the page has: nothing (304), the counts, or the rows as well."""
        known, _, known_counts = request.headers.get("If-None-Match", "").strip('"').partition(".")
        look = _look(unless=known)
        if look.page.rows is None and look.stamp.endswith(f".{known_counts}"):
            return Response(status=304)
        response = make_response(_draw("queue_live.html", look))
        response.headers["ETag"] = f'"{look.stamp}"'
        return response

    @desk.post("/desk/queue/claim")
    def claim() -> ResponseReturnValue:
        return _each(lambda case: claim_case(office.database, session().caseworker, case), "claimed")

    @desk.post("/desk/queue/release")
    def release() -> ResponseReturnValue:
        return _each(lambda case: release_case(office.database, session().caseworker, case), "released")

    @desk.post("/desk/queue/hand-over")
    def give() -> ResponseReturnValue:
        to = colleague_asked_for(office)
        return _each(lambda case: hand_over(office.database, session().caseworker, case, to), "handed_over")

    # -------------------------------------------------------------- inside

    def _search(typed: str) -> ResponseReturnValue:
        try:
            return to_page(f"/desk/cases/{find_reference(office.database, session().caseworker, typed)}")
        except StoreError as error:
            problem = problem_of(error)
            return _draw("queue.html", _look(), problem=problem, typed=typed[:20]), problem.status

    def _each(act: Callable[[str], None], done: str) -> ResponseReturnValue:
        """Do something to every case that was chosen; whichever it cannot be done to is named, with why."""
        chosen = request.form.getlist("one") or request.form.getlist("case")
        if not any(chosen) or len(chosen) > MOST_AT_ONCE:
            raise Problem("none_chosen")
        failed: list[tuple[str, Problem]] = []
        for reference in dict.fromkeys(chosen):
            try:
                act(reference)
            except StoreError as error:
                failed.append((reference[:20], problem_of(error)))
        if not failed:
            query = request.form.get("view_query", "")
            return to_page(f"/desk/queue?{query}" if query else "/desk/queue", done=done)
        return _draw("queue.html", _look(), failed=failed), failed[0][1].status

    def _look(unless: str | None = None) -> Look:
        me, now = session().caseworker, office.now()
        today = now.astimezone(HONG_KONG).date()
        asked = request.args
        view = VIEWS.get(asked.get("view", ""), VIEWS["open"])
        filters = {name: asked[name] for name, known in FILTERS.items() if asked.get(name) in known}
        wanted = replace(view.wanted(me.id, now - LONG), **filters)  # type: ignore[arg-type]
        query = {} if view.name == "open" else {"view": view.name}
        query |= filters
        if holder := asked.get("holder"):
            found = next((each.id for each in list_staff(office.database) if each.id.hex() == holder), None)
            if found is not None:
                wanted, query["holder"] = replace(wanted, holder=found), holder
        after = asked.get("after")
        page = queue_page(office.database, office.keys, me, wanted, after, unless=unless, today=today)
        counts = count_cases(office.database, office.keys, me, today, now - LONG)
        return Look(view, filters, query, after or "", page, counts)

    def _draw(template: str, look: Look, **more: object) -> str:
        now = office.now()
        return office.pages.draw(
            template,
            look=look,
            lines=[_line(row, now, session().staff_id) for row in look.page.rows or ()],
            views=[
                (view, getattr(look.counts, view.counted) if view.counted else None)
                for view in VIEWS.values()
                if not view.only_if_any or view is look.view or getattr(look.counts, view.counted)
            ],
            filters=FILTERS,
            naming=naming,
            colleagues=readers(office),
            **({"failed": (), "typed": ""} | more),
        )


@dataclass(frozen=True)
class Look:
    """A page of the queue, and what was asked for.

    Attributes:
        query: what leads to the same view again, but for the place in it.
    """

    view: View
    filters: Mapping[str, str]
    query: Mapping[str, str]
    after: str
    page: QueuePage
    counts: Counts

    @property
    def stamp(self) -> str:
        """What the page has: of its rows, and of the counts."""
        return f"{self.page.stamp}.{zlib.crc32(repr(self.counts).encode()):x}"

    def title(self, name: str) -> str:
        """Put how many have waited a day before a name: it is seen while another page is open, and tells nothing."""
        waiting = self.counts.waiting_a_day
        return f"({waiting}) {name}" if waiting else name


def readers(office: Office) -> list[StaffMember]:
    """Return the colleagues who can be given a case."""
    return [each for each in list_staff(office.database) if each.state == "active" and each.role in READERS]


def colleague_asked_for(office: Office) -> bytes:
    """Return the id of the colleague whom a form names. Raises: `StaffNotFound`."""
    asked = request.form.get("to", "")
    for each in readers(office):
        if each.id.hex() == asked:
            return each.id
    raise StaffNotFound


def is_overdue(due_on: date | None, now: datetime) -> bool:
    """Whether a day is over in Hong Kong."""
    return due_on is not None and due_on < now.astimezone(HONG_KONG).date()


def _line(row: QueueRow, now: datetime, me: bytes) -> Line:
    since = row.submitted_at or datetime.combine(row.queued_on, datetime.min.time(), now.tzinfo)
    return Line(
        row=row,
        since=since,
        waited_long=row.status == "queued" and now - since >= LONG,
        overdue=is_overdue(row.due_on, now) and row.status != "closed",
        mine=row.holder_id == me,
    )
