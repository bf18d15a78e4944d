"""What a turn may not make itself, drawn and looked up within its transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, func, literal, select

from flows.vocabulary import CaseStatus
from storage.casewriting import CaseWriter
from storage.codes import Codes, draw_reference
from storage.schema import cases, letters, links, receipts
from storage.sealing import CodeKeys, derive, index, new_key

_REFERENCE = select(literal(1)).where(cases.c.reference == bindparam("reference"))
_LINKS = (
    select(links.c.status, func.count().label("n"))
    .where(links.c.case_id == bindparam("case"))
    .group_by(links.c.status)
)
_WAITING = (
    select(func.count())
    .select_from(receipts.join(letters, letters.c.case_id == receipts.c.case_id))
    .where(receipts.c.lookup == bindparam("lookup"), letters.c.reader == "code", letters.c.state == "waiting")
)
_STATES: dict[str, Literal["queued", "claimed", "closed"]] = {
    "queued": "queued",
    "claimed": "claimed",
    "closed": "closed",
}


class StoreOutside:
    """`flows.vocabulary.Outside` for one message.

    Args:
        connection: gives the one of the transaction.
        key: the conversation's; fingerprints mean nothing without it.
        case: the one the conversation is about, if there is one.
        tried: the case code of this message, and its keys, where there is one that may be looked up.
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        codes: Codes,
        key: bytes,
        case: CaseWriter | None,
        tried: tuple[str, CodeKeys] | None = None,
    ) -> None:
        self._connection = connection
        self._codes = codes
        self._key = key
        self._fingerprint_key: bytes | None = None
        self._case = case
        self._tried = tried
        self._drawn: dict[str, CodeKeys] = {}

    def fingerprint(self, text: str) -> str:
        """Return 16 hexadecimal digits that are the same for the same text in this conversation alone."""
        if self._fingerprint_key is None:
            self._fingerprint_key = derive(self._key, "fingerprint", 1)
        return index(self._fingerprint_key, text).hex()[:16]

    def reference(self) -> str:
        """Draw a case reference that is not in use."""
        return draw_reference(self._is_taken)

    def case_code(self) -> str:
        """Draw a case code; its keys are at hand for `keys_of`."""
        code, keys = self._codes.take()
        self._drawn[code] = keys
        return code

    def case_status(self) -> CaseStatus:
        """Tell how far the case is; a case that is not there, or no longer, is told of as one that waits."""
        if self._case is None or self._case.nobodys:
            return CaseStatus("queued")
        rows = self._connection().execute(_LINKS, {"case": self._case.id})
        n = {row.status: row.n for row in rows}
        total, removed = sum(n.values()), n.get("removed", 0)
        return CaseStatus(
            _STATES.get(self._case.state, "queued"),
            reported=total - n.get("new", 0),
            removed=removed,
            open=total - removed,
        )

    def colleague_wrote_at(self) -> datetime | None:
        """Tell when a colleague's words last reached the person of the case; None where nobody talks."""
        wrote_at = None if self._case is None else self._case.colleague_wrote_at
        return None if wrote_at is None else datetime.fromtimestamp(wrote_at, UTC)

    def waiting_by_code(self, code: str) -> int:
        """Count what waits for whoever has a case code; for one of nobody's, nothing is found as fast."""
        lookup = lookup_of(self._tried, code)
        return int(self._connection().execute(_WAITING, {"lookup": lookup}).scalar_one())

    def keys_of(self, code: str | None) -> CodeKeys | None:
        """Return the keys of a code, drawn here or not."""
        if code is None:
            return None
        return self._drawn.get(code) or self._codes.keys_of(code)

    def _is_taken(self, reference: str) -> bool:
        found = self._connection().execute(_REFERENCE, {"reference": reference})
        return found.one_or_none() is not None


def lookup_of(tried: tuple[str, CodeKeys] | None, code: str) -> bytes:
    """Return what a case code is looked up by; after too many tries it is looked up in vain (promise P5)."""
    return tried[1].lookup if tried and tried[0] == code else new_key()
