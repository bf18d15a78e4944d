"""Which cases a page of the queue has, in the order in which they are to be taken up.

Raised cases first, then by priority, then by the day they came. Each page is read along one index, so that
it costs the same whether a hundred cases wait or a hundred thousand.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    exists,
    false,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)

from storage.casetelling import PRIORITIES
from storage.days import day_of, day_of_date
from storage.opening import ROLES_THAT_READ
from storage.schema import HELD, OPEN, QUEUED, WORKED_ON, cases, links, manifests, staff

MOST_COUNTED = 1_000
"""What is more is not counted: nobody reads on there."""

States = Literal["open", "queued", "claimed", "closed"]


@dataclass(frozen=True)
class Wanted:
    """Which cases are wanted; what is not said matters not.

    Attributes:
        states: `open` is queued and claimed. Closed ones come in the order in which they are destroyed, last first.
        holder: id of the colleague who has them.
        link_status: has a link that is this far.
        raised: the person asked for somebody sooner.
        overdue: was to be done before today.
        orphaned: claimed by somebody who left or has another role now, or by nobody.
        waiting_since: not yet claimed, and queued at this moment, UTC, or before. By day alone here: the moment is sealed.
    """

    states: States = "open"
    holder: bytes | None = None
    priority: str | None = None
    language: str | None = None
    channel: str | None = None
    link_status: str | None = None
    raised: bool = False
    overdue: bool = False
    orphaned: bool = False
    waiting_since: datetime | None = None


ALL_OPEN = Wanted()

_WORKS_ON_CASES = func.coalesce((staff.c.state == "active") & staff.c.role.in_(ROLES_THAT_READ), false())

_COLUMNS = (
    *(column for column in cases.c if column.name != "started_on"),
    staff.c.name.label("holder"),
    _WORKS_ON_CASES.label("holder_works"),
    select(func.count())
    .select_from(manifests)
    .where(manifests.c.case_id == cases.c.id)
    .correlate(cases)
    .scalar_subquery()
    .label("known"),
)

Place = tuple[int, int, bytes]
"""Where a page begins: the group, then day and id; of closed cases the moment they are destroyed."""

_GROUPS = tuple((raised, priority) for raised in (True, False) for priority in PRIORITIES)


def found_cases(
    connection: Connection, wanted: Wanted, place: Place | None, limit: int, today: date
) -> Iterator[Row[Any]]:
    """Give the rows of a page, each with its holder and how many manifests are known; `place` begins it."""
    query = select(*_COLUMNS).outerjoin(staff, staff.c.id == cases.c.claimed_by).where(*_where(wanted, today))
    if wanted.link_status is not None:
        query = query.where(_has_link(connection, wanted.link_status))
    if wanted.states == "closed":
        # Every closed case has a moment when it is destroyed, and so stands in that index.
        order = (cases.c.erase_at, cases.c.id)
        if place is not None:
            query = query.where(tuple_(*order) < tuple_(*map(literal, place[1:])))
        query = query.where(cases.c.erase_at.is_not(None))
        yield from connection.execute(query.order_by(*(column.desc() for column in order)).limit(limit))
        return
    order = (cases.c.queued_on, cases.c.id)
    for group, (raised, priority) in enumerate(_GROUPS):
        if limit <= 0 or (place is not None and group < place[0]):
            continue
        if (wanted.raised and not raised) or wanted.priority not in (None, priority):
            continue
        of_group = query.where(cases.c.raised == raised, cases.c.priority == priority)
        if place is not None and group == place[0]:
            of_group = of_group.where(tuple_(*order) > tuple_(*map(literal, place[1:])))
        rows = connection.execute(of_group.order_by(*order).limit(limit)).all()
        limit -= len(rows)
        yield from rows


def _where(wanted: Wanted, today: date, counting: bool = False) -> Iterator[ColumnElement[bool]]:
    state = _state(wanted)
    if state == QUEUED and not counting:
        # Said in these words, SQLite would go along the days, which are in no order of a page.
        yield cases.c.state == "queued"
        state = OPEN
    yield text(f"cases.{state}")  # type: ignore[misc]
    for name in ("priority", "language", "channel"):
        if (value := getattr(wanted, name)) is not None:
            yield cases.c[name] == value
    if wanted.holder is not None:
        yield cases.c.claimed_by == wanted.holder
    if wanted.raised:
        yield cases.c.raised == true()
    if wanted.overdue:
        yield cases.c.due_on < day_of_date(today)
    if wanted.orphaned:
        gone = select(staff.c.id).where(~_WORKS_ON_CASES)
        yield cases.c.claimed_by.is_(None) | cases.c.claimed_by.in_(gone)
    if wanted.waiting_since is not None:
        yield cases.c.queued_on <= day_of(wanted.waiting_since)


def _has_link(connection: Connection, status: str) -> ColumnElement[bool]:
    """Return what picks the cases with a link that is so far: by name where they are few, else one by one."""
    if status != "new":
        worked_on = select(links.c.case_id).where(text(f"links.{WORKED_ON}"), links.c.status == status)
        few = connection.scalars(worked_on.distinct().limit(MOST_COUNTED)).all()
        if len(few) < MOST_COUNTED:
            return cases.c.id.in_(few) if few else false()
    return exists().where(links.c.case_id == cases.c.id, links.c.status == status)


def _state(wanted: Wanted) -> str:
    """Return what is asked of the state, in the words of the index that answers it."""
    if wanted.states == "closed":
        return "state = 'closed'"
    queued = wanted.states == "queued" or wanted.waiting_since is not None
    held = wanted.states == "claimed" or wanted.orphaned or wanted.holder is not None
    if queued and held:
        return "state IS NULL"  # what waits is nobody's
    return QUEUED if queued else HELD if held else OPEN


def count_found(connection: Connection, wanted: Wanted, today: date) -> int:
    """Count the cases that are wanted, up to `MOST_COUNTED`."""
    some = (
        select(literal(1))
        .select_from(cases)
        .where(*_where(wanted, today, counting=True))
        .limit(MOST_COUNTED)
        .subquery()
    )
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def cursor_after(wanted: Wanted, last: Row[Any]) -> str:
    """Return where the page after this row begins, as it stands in an address."""
    if wanted.states == "closed":
        place = [0, last.erase_at, last.id.hex()]
    else:
        place = [_GROUPS.index((bool(last.raised), last.priority)), last.queued_on, last.id.hex()]
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def place_of(after: str | None) -> Place | None:
    """Return what `cursor_after` said; None, the beginning, for anything else."""
    if not after or len(after) > 200:
        return None
    try:
        group, number, row_id = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        place = (int(group), int(number), bytes.fromhex(row_id))
    except (binascii.Error, ValueError, TypeError):
        return None
    return place if 0 <= place[0] < len(_GROUPS) and 0 <= place[1] < 2**31 * 2 else None
