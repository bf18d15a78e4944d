"""What a turn may not make itself, drawn and looked up within its transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy import Connection, bindparam, func, literal, select

from flows.vocabulary import CaseStatus
from storage.casewriting import CaseWriter
from storage.codes import Codes, draw_reference
from storage.schema import cases, links
from storage.sealing import CodeKeys, derive, index

_REFERENCE = select(literal(1)).where(cases.c.reference == bindparam("reference"))
_LINKS = (
    select(links.c.status, func.count().label("n"))
    .where(links.c.case_id == bindparam("case"))
    .group_by(links.c.status)
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
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        codes: Codes,
        key: bytes,
        case: CaseWriter | None,
    ) -> None:
        self._connection = connection
        self._codes = codes
        self._key = key
        self._fingerprint_key: bytes | None = None
        self._case = case
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

    def keys_of(self, code: str | None) -> CodeKeys | None:
        """Return the keys of a code, drawn here or not."""
        if code is None:
            return None
        return self._drawn.get(code) or self._codes.keys_of(code)

    def _is_taken(self, reference: str) -> bool:
        found = self._connection().execute(_REFERENCE, {"reference": reference})
        return found.one_or_none() is not None
