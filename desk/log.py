"""The log of who did what: searched, read page by page, and taken along as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from desk.access import LOG_READERS
from desk.office import Office
from desk.pages import PLACES, Place
from desk.problems import Problem
from desk.session import session
from storage import audit
from storage.opening import submitted
from storage.staff import StaffMember, list_staff

PLACES.append(Place("/desk/log", "desk.place.log", LOG_READERS, "l", 90))

PAGE = 100
NO_SEARCH = frozenset({"before", "done", "check"})
WHOLE_EVERY = timedelta(hours=1)
MOST_EXPORTED = 100_000
"""Rows of a table that offices can still open."""

_LEADS_TO_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass
class Watch:
    """What this process knows of the log: checked whole now and then, and what came since at each look.

    Reading the whole of it takes a second for a hundred thousand entries.

    Attributes:
        whole_at: when it was last checked whole.
    """

    checked: audit.Checked | None = None
    whole_at: datetime | None = None

    def look(self, connection: Connection, now: datetime, whole: bool = False) -> None:
        """Check it. A fault that was found stays until a whole check no longer finds it."""
        if whole or self.whole_at is None or now - self.whole_at >= WHOLE_EVERY:
            found = audit.check(connection)
            if self.checked is not None and self.checked.broken is None:
                # What this process saw before must still stand.
                since = audit.check(connection, self.checked)
                found = replace(found, broken=found.broken or since.broken)
            self.checked, self.whole_at = found, now
        elif self.checked is None or self.checked.broken is None:
            self.checked = audit.check(connection, self.checked)


def add_log(desk: Blueprint, office: Office) -> None:
    """Put `/desk/log` on the desk."""
    watch = Watch()

    @desk.get("/desk/log")
    def log() -> ResponseReturnValue:
        wanted, reference = _wanted()
        before = request.args.get("before", "")
        with office.database.reading() as connection:
            found = audit.search(
                connection, wanted, int(before) if before.isascii() and before.isdigit() else None, PAGE + 1
            )
            if not before:
                watch.look(connection, office.now(), whole="check" in request.args)
        members = list_staff(office.database)
        return office.pages.draw(
            "log.html",
            entries=found[:PAGE],
            following=found[PAGE - 1].number if len(found) > PAGE else None,
            names=_names(members),
            members=members,
            events=audit.EVENTS,
            wanted=wanted,
            reference=reference,
            checked=None if before else watch.checked,
            whole_at=watch.whole_at,
            query={name: value for name, value in request.args.items() if name not in NO_SEARCH},
        )

    @desk.get("/desk/log.csv")
    def exported() -> ResponseReturnValue:
        wanted, _ = _wanted()
        with office.database.transaction() as connection:
            audit.append(connection, office.now(), session().staff_id, "log_exported")
            found = audit.search(connection, wanted, None, MOST_EXPORTED)
            watch.look(connection, office.now(), whole=True)
        response = Response(as_csv(found, _names(list_staff(office.database))), mimetype="text/csv")
        response.headers["Content-Disposition"] = "attachment; filename=log.csv"
        return response

    def _wanted() -> tuple[audit.Search, str]:
        asked = request.args
        reference = asked.get("reference", "")[:20]
        subject = None
        if reference:
            with office.database.reading() as connection:
                subject = audit.subject_of(submitted(connection, reference).id)
        return (
            audit.Search(
                staff=asked.get("staff") or None,
                event=asked.get("event") or None,
                subject=subject or asked.get("subject") or None,
                since=_day(asked.get("since")),
                until=_day(asked.get("until")),
            ),
            reference,
        )


def as_csv(entries: Iterable[audit.Entry], names: dict[str, str]) -> str:
    """Return entries as a table; nothing in it is taken for a formula, whatever a name begins with."""
    table = io.StringIO()
    table.write("\ufeff")  # so that offices read it as Unicode
    writer = csv.writer(table)
    writer.writerow(("number", "at", "staff", "event", "subject", "recipient"))
    for entry in entries:
        writer.writerow(
            defused(value)
            for value in (
                str(entry.number),
                entry.at.isoformat(),
                names.get(entry.staff or "", entry.staff or ""),
                entry.event,
                names.get(entry.subject or "", entry.subject or ""),
                names.get(entry.recipient or "", entry.recipient or ""),
            )
        )
    return table.getvalue()


def defused(value: str) -> str:
    """Return a cell that no table program takes for a formula."""
    return f"'{value}" if value.startswith(_LEADS_TO_A_FORMULA) else value


def _names(members: Iterable[StaffMember]) -> dict[str, str]:
    return {member.id.hex(): member.name for member in members}


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem("bad_request") from None
