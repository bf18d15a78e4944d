"""What people may ask for of their own data, and the day by which it is due."""

from __future__ import annotations

from typing import Any, Literal, get_args

from sqlalchemy import Connection, select

from storage.schema import requests
from storage.sealing import new_id

Right = Literal["copy", "correct", "erase"]
RIGHTS: tuple[Right, ...] = get_args(Right)

DUE_DAYS = 40
"""Days after the day on which somebody asked. Source: the Personal Data (Privacy) Ordinance, Cap. 486, section 19(1)."""


def new_requests(connection: Connection, case_id: bytes, kind: Right, on_day: int) -> list[dict[str, Any]]:
    """Return the row that lets the clock run from this UTC day; none where somebody asked before, and still waits."""
    asked = select(requests.c.id).where(
        requests.c.case_id == case_id, requests.c.kind == kind, requests.c.state == "open"
    )
    if connection.execute(asked).first() is not None:
        return []
    due_on = on_day + DUE_DAYS
    return [{"id": new_id(), "case_id": case_id, "kind": kind, "asked_on": on_day, "due_on": due_on}]
