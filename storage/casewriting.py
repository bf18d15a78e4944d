"""Writing to one case within one transaction. What was written here cannot be opened from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, bindparam, delete, func, insert, select, update

from flows.vocabulary import Answered, FieldId, Raised, Submitted
from storage.asking import new_requests
from storage.casefile import (
    Listed,
    Manifest,
    SealedAnswer,
    answer_context,
    case_key_context,
    manifest_context,
    outer_context,
    signed_parts,
)
from storage.days import day_of
from storage.keys import KeyDirectory
from storage.prepared import Values
from storage.schema import answers, cases, links, manifests, receipts, requests
from storage.sealing import CodeKeys, digest, lock, new_id, new_key_pair, seal, sign, unlock
from storage.writing import begin_case

_ID: BindParameter[bytes] = bindparam("case")
_INSERT_ANSWERS = insert(answers)
# What is set is in the values that it is executed with.
_UPDATE = update(cases).where(cases.c.id == _ID)
# Who asks twice has waited since the first time.
_RAISE = (
    update(cases)
    .where(cases.c.id == _ID)
    .values(raised=True, raised_on=func.coalesce(cases.c.raised_on, bindparam("day")))
)
_FORGET = delete(answers).where(answers.c.case_id == _ID, answers.c.sequence == bindparam("number"))
_DRAFT = select(cases.c.sealed_key, cases.c.language, cases.c.channel).where(cases.c.id == _ID)
_SEALED_ANSWERS = select(answers.c.sequence, answers.c.sealed).where(answers.c.case_id == _ID)
# Two chats may write to one case, by a link and by its code: whoever comes second waits here.
_IN_TURN = select(cases.c.state).where(cases.c.id == _ID).with_for_update()
_LAST_ANSWER = select(func.max(answers.c.sequence)).where(answers.c.case_id == _ID)
_LAST_LINK = select(func.max(links.c.number)).where(links.c.case_id == _ID)
_LAST_MANIFEST = (
    select(manifests.c.number, manifests.c.signature)
    .where(manifests.c.case_id == _ID)
    .order_by(manifests.c.number.desc())
    .limit(1)
)


class CaseWriter:
    """A case that a conversation writes to, from its consent on or by its code later.

    A case that is `nobodys` stands behind a code that belongs to nothing: what is written to it is looked
    up, sealed and signed like everything, and goes nowhere (promise P5).
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        keys: KeyDirectory,
        now: datetime,
        case_id: bytes,
        public: bytes,
        state: str,
        colleague_wrote_at: int | None = None,
    ) -> None:
        self.id = case_id
        self.state = state
        self.colleague_wrote_at = colleague_wrote_at
        self.nobodys = False
        self._open_connection = connection
        self._keys = keys
        self._now = now
        self._public = public
        self._rows: list[dict[str, Any]] = []
        self._listed: list[Listed] = []
        self._raised: list[str] = []
        self._next_sequence: int | None = None
        self._begun: Values | None = None

    @classmethod
    def begin(
        cls,
        connection: Callable[[], Connection],
        keys: KeyDirectory,
        now: datetime,
        conversation_key: bytes,
        language: str,
        channel: str,
    ) -> CaseWriter:
        """Begin a draft. Its private key is sealed to the desk, locked once more, and forgotten here."""
        generation, desk = keys.desk_public
        pair, case_id = new_key_pair(), new_id()
        sealed = seal(desk, pair.private, *case_key_context(case_id, generation))
        case = cls(connection, keys, now, case_id, pair.public, "draft")
        case._begun = {
            "id": case_id,
            "state": "draft",
            "public_key": pair.public,
            "sealed_key": lock(conversation_key, sealed, *outer_context(case_id)),
            "generation": generation,
            "language": language,
            "channel": channel,
            "started_on": day_of(now),
        }
        return case

    @classmethod
    def of_nobody(cls, connection: Callable[[], Connection], keys: KeyDirectory, now: datetime) -> CaseWriter:
        """Return a case that is not there."""
        case = cls(connection, keys, now, new_id(), keys.desk_public[1], "queued")
        case.nobodys = True
        return case

    # -------------------------------------------------------------- what a turn records

    def answer(self, record: Answered) -> None:
        """Seal an answer. In a draft its sequence number is the conversation's; later it is the case's."""
        sequence = record.sequence if self.state == "draft" else self._take_sequence()
        plaintext = SealedAnswer(record.value, record.how, self._now).to_bytes()
        sealed = seal(self._public, plaintext, *answer_context(self.id, record.field, sequence))
        self._rows.append({"case_id": self.id, "sequence": sequence, "sealed": sealed})
        self._listed.append(Listed.of(record.field, sequence, sealed))

    def forget(self, sequence: int) -> None:
        """Destroy an answer of a draft."""
        if self.state != "draft":
            raise RuntimeError(
                "a submitted answer is listed in a manifest and can only be followed by another"
            )
        self._rows = [row for row in self._rows if row["sequence"] != sequence]
        self._execute(_FORGET, {"case": self.id, "number": sequence})

    def add_links(self, platforms: Sequence[str]) -> None:
        """Add a row for each new link, in the order in which the links were sealed."""
        if not platforms:
            return
        self._lock()
        last = self._connection().execute(_LAST_LINK, {"case": self.id}).scalar()
        first = 0 if last is None else last + 1
        rows = [
            {"case_id": self.id, "number": number, "platform": platform}
            for number, platform in enumerate(platforms, first)
        ]
        self._execute(insert(links), rows)

    def raise_to_team(self, record: Raised) -> None:
        """Let somebody look sooner; why stands in the next manifest."""
        self._raised.append(record.reason)
        self._execute(_RAISE, {"case": self.id, "day": day_of(self._now)})
        if record.reason in ("copy", "erase"):
            asked = new_requests(self._connection(), self.id, record.reason, day_of(self._now))
            if asked:
                self._execute(insert(requests), asked)

    def submit(
        self,
        record: Submitted,
        conversation_key: bytes,
        fields: Mapping[int, FieldId],
        receipt: CodeKeys | None,
    ) -> None:
        """Hand the draft over to the queue. From here on this side holds nothing that opens it.

        Args:
            fields: the field sealed under each sequence number.
            receipt: the keys of the case code, where there is one.
        """
        self._write_answers()
        draft = self._connection().execute(_DRAFT, {"case": self.id}).one()
        stored = self._connection().execute(_SEALED_ANSWERS, {"case": self.id})
        listed = []
        for sequence, sealed in sorted((row.sequence, row.sealed) for row in stored):
            listed.append(Listed.of(fields[sequence], sequence, sealed))
        self._listed.clear()
        label = {
            "reference": record.reference,
            "priority": record.priority,
            "language": draft.language,
            "channel": draft.channel,
        }
        self._add_manifest(0, Manifest(listed, record.flags, record.reason, self._now, label=label))
        self._execute(
            _UPDATE,
            {
                "case": self.id,
                "state": "queued",
                "reference": record.reference,
                "priority": record.priority,
                "sealed_key": unlock(conversation_key, draft.sealed_key, *outer_context(self.id)),
                "queued_on": day_of(self._now),
            },
        )
        self.state = "queued"
        self.add_links(record.platforms)
        if receipt is not None:
            self._execute(
                insert(receipts),
                {"lookup": receipt.lookup, "case_id": self.id, "public_key": receipt.public},
            )

    def take_begun(self) -> Values | None:
        """Return the row of a case that begins now and is not written yet, to go with the turn's other rows."""
        begun, self._begun = self._begun, None
        return begun

    def finish(self) -> list[dict[str, Any]]:
        """Write what is still to be written, but for the answers of a draft: their rows are returned.

        They are the one thing that most turns write, so they can go with the turn's other rows.
        """
        if self.state == "draft":
            return self._rows
        self._write_answers()
        if not (self._listed or self._raised):
            return []
        self._lock()
        last = self._connection().execute(_LAST_MANIFEST, {"case": self.id}).one_or_none()
        number, previous = (last.number + 1, digest(last.signature)) if last else (1, bytes(32))
        self._add_manifest(
            number, Manifest(self._listed, tuple(self._raised), "", self._now, previous=previous)
        )
        return []

    # -------------------------------------------------------------- inside

    def _connection(self) -> Connection:
        connection = self._open_connection()
        if (begun := self.take_begun()) is not None:
            begin_case(connection, begun)
        return connection

    def _lock(self) -> None:
        self._connection().execute(_IN_TURN, {"case": self.id})

    def _take_sequence(self) -> int:
        if self._next_sequence is None:
            self._lock()
            last = self._connection().execute(_LAST_ANSWER, {"case": self.id}).scalar()
            self._next_sequence = 0 if last is None else last + 1
        sequence = self._next_sequence
        self._next_sequence += 1
        return sequence

    def _write_answers(self) -> None:
        if self._rows:
            self._execute(_INSERT_ANSWERS, self._rows)
            self._rows = []

    def _add_manifest(self, number: int, manifest: Manifest) -> None:
        sealed = seal(self._public, manifest.to_bytes(), *manifest_context(self.id, number))
        signature = sign(self._keys.signing_key, *signed_parts(self.id, self._public, number, sealed))
        self._execute(
            insert(manifests),
            {"case_id": self.id, "number": number, "sealed": sealed, "signature": signature},
        )

    def _execute(self, statement: Executable, values: Any) -> None:
        if not self.nobodys:
            self._connection().execute(statement, values)
