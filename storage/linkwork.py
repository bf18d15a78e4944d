"""How far a case's links are, and of which type their sites: said of several at once, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import select, update

from flows.platforms import PLATFORMS
from storage.casebook import append_entry
from storage.database import Database
from storage.opening import with_key, workable
from storage.schema import links
from storage.staff import Caseworker

LinkStatus = Literal["new", "reported", "removed", "refused", "no_response", "escalated"]
LINK_STATUSES: tuple[LinkStatus, ...] = get_args(LinkStatus)


@dataclass(frozen=True)
class LinkState:
    """How far a link is."""

    status: str
    platform: str


def change_links(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    numbers: Collection[int],
    status: LinkStatus | None = None,
    platform: str | None = None,
    about: Mapping[str, Any] | None = None,
    text: str = "",
) -> dict[int, LinkState]:
    """Say of one or several links how far they are, or of which type their site is. It stands in the case, too.

    Args:
        numbers: of links of this case; others are passed over.
        platform: one of `flows.platforms.PLATFORMS`.
        about: what was reported to whom and when, as JSON; kept in the case alone.
        text: a remark, likewise.
    Returns:
        How each was before, for `restore_links`.
    Raises:
        ValueError: no such status or platform.
        CaseDamaged: the case's key does not open.
        Otherwise as `storage.opening.workable`.
    """
    if status not in (None, *LINK_STATUSES) or platform not in (None, *PLATFORMS):
        raise ValueError("no such status or platform")
    wanted = {
        number: {
            name: value for name, value in (("status", status), ("platform", platform)) if value is not None
        }
        for number in numbers
    }
    return _write_links(database, caseworker, reference, wanted, {**(about or {}), "status": status}, text)


def restore_links(
    database: Database, caseworker: Caseworker, reference: str, before: Mapping[int, LinkState]
) -> None:
    """Take a slip back: make links as `change_links` said they were. Raises: as `change_links`."""
    if any(b.status not in LINK_STATUSES or b.platform not in PLATFORMS for b in before.values()):
        raise ValueError("no such status or platform")
    wanted = {
        number: {"status": state.status, "platform": state.platform} for number, state in before.items()
    }
    _write_links(database, caseworker, reference, wanted, {"undone": True}, "")


def _write_links(
    database: Database,
    caseworker: Caseworker,
    reference: str,
    wanted: Mapping[int, Mapping[str, str]],
    about: Mapping[str, Any],
    text: str,
) -> dict[int, LinkState]:
    with database.transaction() as connection:
        opened = with_key(workable(connection, caseworker, reference), caseworker)
        rows = connection.execute(select(links).where(links.c.case_id == opened.id).with_for_update()).all()
        before = {row.number: LinkState(row.status, row.platform) for row in rows if row.number in wanted}
        for number in before:
            if wanted[number]:
                connection.execute(
                    update(links)
                    .where(links.c.case_id == opened.id, links.c.number == number)
                    .values(**wanted[number])
                )
        if before:
            changed = {str(number): dict(wanted[number]) for number in sorted(before)}
            was = {str(number): vars(state) for number, state in sorted(before.items())}
            about = {**about, "links": changed, "before": was}
            append_entry(connection, opened, caseworker, "links", text, about)
    return before
