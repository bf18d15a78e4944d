"""One message and what it leads to, inside its one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from flows import memory
from flows.vocabulary import (
    Added,
    Answered,
    CameBack,
    Consented,
    Conversation,
    Erased,
    Forgotten,
    Heard,
    Outside,
    Raised,
    Record,
    Reply,
    Submitted,
    Turn,
    Unlinked,
)
from storage.casewriting import CaseWriter
from storage.codes import Codes
from storage.counts import counted
from storage.epochs import Epoch, Traces
from storage.erasing import EraseJournal, erase_case
from storage.errands import Errand, rows_of
from storage.errors import BadFormat, StateUnreadable
from storage.keys import KeyDirectory
from storage.line import Line
from storage.outbox import hand_to_chat
from storage.outside import StoreOutside, lookup_of
from storage.remembering import FORGET, Remembered
from storage.schema import cases, receipts
from storage.sealing import CodeKeys, lock, unlock
from storage.writing import TurnRows, goes_at_once, write_turn

KEPT_BEFORE_CONSENT = timedelta(hours=24)
KEPT_BY_CODE = timedelta(hours=24)
KEPT_MARK = timedelta(hours=72)
"""How long a message is recognised when it is delivered again; Telegram tries for 24 hours."""

_IN_TURN = select(cases.c.state).where(cases.c.id == bindparam("case")).with_for_update()
_BY_CODE = (
    select(cases.c.id, cases.c.public_key, cases.c.state)
    .join(receipts, receipts.c.case_id == cases.c.id)
    .where(receipts.c.lookup == bindparam("lookup"))
)


@dataclass(frozen=True)
class Means:
    """What every exchange of an intake works with."""

    keys: KeyDirectory
    codes: Codes
    journal: EraseJournal
    draft_kept: timedelta


class NeedsTransaction(Exception):
    """What a turn does cannot be worked out before its transaction: it reads what only then stands still."""


class Exchange:
    """One message, from what is remembered of the person to what is kept of the turn.

    Attributes:
        conversation: None where this person has none, or none any more.
        erased: whether `keep` destroyed a case, so that the files are to be scrubbed after the commit.
    """

    def __init__(
        self,
        connection: Connection | None,
        means: Means,
        heard: Heard,
        now: datetime,
        living: Sequence[Epoch],
        traces: Traces,
        found: Row[Any],
        alive: bool,
        tried: tuple[str, CodeKeys] | None,
    ) -> None:
        self._open_connection = connection
        self._means = means
        self._heard = heard
        self._now = now
        self._living = living
        self._traces = traces
        self._tried = tried
        self._seen: tuple[bytes, bytes] | None = (found.mark, found.reply) if found.mark else None
        self._stored = found if alive else None
        self._waiting: bytes | None = found.waiting
        self._waits = bool(found.waits)
        self._remembered = Remembered.of(found, living) if alive else Remembered.new(living[0])
        self.conversation: Conversation | None = None
        self._case: CaseWriter | None = None
        if alive:
            self.conversation = self._remembered.opened_state(found.state)
            if found.case_id is not None:
                self._case = self._writer(
                    found.case_id, found.public_key, found.case_state, found.colleague_wrote_at
                )
            elif self.conversation.case == "code":
                self._case = self._nobodys()
        answered = self.conversation.answered if self.conversation else ()
        self._fields = {sequence: field for sequence, field in enumerate(answered) if field is not None}
        self._outside = StoreOutside(
            self._in_transaction, means.codes, self._remembered.key, self._case, tried
        )
        self.erased = False

    @property
    def outside(self) -> Outside:
        """What the turn draws and looks up."""
        return self._outside

    @property
    def waits(self) -> bool:
        """Whether something else is about to be sent to this person, where that was asked for."""
        return self._waits

    @property
    def earlier(self) -> Reply | None:
        """The reply this very delivery got before; then nothing else is to be done. None if it is new.

        Raises:
            CannotOpen: the delivery was seen with other content: its id was used twice.
        """
        if self._seen is None:
            return None
        mark, reply = self._seen
        epoch = self._living[self._traces.marks.index(mark)]
        try:
            return memory.load_reply(unlock(epoch.reply_key(self._heard), reply, *_reply_context(mark)))
        except (BadFormat, memory.Unreadable):
            raise StateUnreadable("the reply to a message") from None

    def keep(self, turn: Turn, errands: Sequence[Errand] = ()) -> None:
        """Keep all of a turn: seal its records, remember its conversation, mark its message. Once.

        Args:
            errands: what is to be done at a provider because of it.
        Raises:
            RuntimeError: the turn contradicts what is kept; a defect, and nothing of it may be committed.
        """
        self.gather(turn, errands)
        self.write(self._in_transaction())

    def gather(self, turn: Turn, errands: Sequence[Errand] = ()) -> None:
        """Work out all that is to be written of a turn.

        Raises:
            NeedsTransaction: outside a transaction, where the turn does more than consent or answer a question.
        """
        if self._seen is not None:
            raise RuntimeError("this message was kept before")
        for record in turn.records:
            self._record(record)
        given = self._case.finish() if self._case else []
        remembered = self._remember(turn.conversation)
        begun = self._case.take_begun() if self._case else None
        if self._case is None:
            given = []  # destroyed, as nothing leads to it any more
        waiting = {self._heard.address: self._waiting} if self._waiting else {}
        sent = rows_of(errands, self._living[0], self._now, waiting)
        self._gathered = TurnRows(
            mark=self._mark(turn.reply),
            remembered=remembered,
            stored=self._stored,
            begun=begun,
            given=given,
            errands=sent,
            counts=counted(turn.counts, self._now),
        )

    def write(self, on: Line | Connection) -> None:
        """Write what was gathered.

        Raises:
            Overtaken: the conversation is no longer as it was read.
        """
        write_turn(on, self._gathered)

    def is_one_statement(self, on: Line) -> bool:
        """Whether what was gathered is written by a single statement."""
        return goes_at_once(on, self._gathered)

    def _in_transaction(self) -> Connection:
        if self._open_connection is None:
            raise NeedsTransaction
        return self._open_connection

    # -------------------------------------------------------------- records

    def _record(self, record: Record) -> None:
        match record:
            case Consented():
                self._begin(record)
            case CameBack():
                self._come_back(record)
            case Unlinked():
                self._begin_anew()
            case Erased():
                self._erase()
            case _:
                self._write(record)

    def _write(self, record: Answered | Forgotten | Submitted | Added | Raised) -> None:
        case = self._case
        if case is None:
            raise RuntimeError("nothing may be kept before consent")
        match record:
            case Answered():
                case.answer(record)
                self._fields[record.sequence] = record.field
            case Forgotten():
                case.forget(record.sequence)
                self._fields.pop(record.sequence, None)
            case Submitted():
                case.submit(
                    record, self._remembered.key, self._fields, self._outside.keys_of(record.case_code)
                )
            case Added():
                case.add_links(record.platforms)
            case Raised():
                case.raise_to_team(record)

    def _begin(self, record: Consented) -> None:
        self._case = CaseWriter.begin(
            self._in_transaction,
            self._means.keys,
            self._now,
            self._remembered.key,
            record.language,
            self._heard.channel,
        )
        self._fields.clear()

    def _come_back(self, record: CameBack) -> None:
        self._begin_anew()
        # Too many tries, or an unknown code: what follows looks and takes the same (promise P5).
        connection, lookup = self._in_transaction(), lookup_of(self._tried, record.code)
        row = connection.execute(_BY_CODE, {"lookup": lookup}).one_or_none()
        self._case = self._nobodys() if row is None else self._writer(row.id, row.public_key, row.state)
        letter_key = self._remembered.letter_keys.public
        hand_to_chat(connection, self._case.id, self._tried, letter_key, self._now)

    def _erase(self) -> None:
        case = self._case
        if case is None:
            return
        if self.conversation is not None and self.conversation.case == "code":
            # Whoever holds a code may write to a case, and not destroy it.
            case.raise_to_team(Raised("erase"))
            return
        row = self._in_transaction().execute(_IN_TURN, {"case": case.id}).one_or_none()
        if row is not None and row.state not in ("draft", "queued"):
            # Taken up since the person was asked: somebody may have duties before it goes.
            case.raise_to_team(Raised("erase"))
            case.finish()
        else:
            self._destroy(case)
        self._begin_anew()

    def _destroy(self, case: CaseWriter) -> None:
        erase_case(self._in_transaction(), self._means.journal, case.id, self._now)
        self._case = None
        self.erased = True

    # -------------------------------------------------------------- what is remembered

    def _begin_anew(self) -> None:
        """Go on as somebody new: what was, and the key that could open it, are not carried along."""
        if self._case is not None and self._case.state == "draft":
            self._destroy(self._case)
        if self._stored is not None:
            self._in_transaction().execute(FORGET, {"row": self._remembered.id})
        self._stored = None
        self._case = None
        self._remembered = Remembered.new(self._living[0])

    def _remember(self, conversation: Conversation | None) -> dict[str, Any] | None:
        """Return the row of the conversation as it is to be; None where nothing is remembered."""
        if conversation is None or (conversation.case is None and self._case is not None):
            self._begin_anew()
        if conversation is None:
            return None
        if conversation.case != self._kind_of_case(conversation):
            raise RuntimeError("the conversation and its case do not fit")
        today = self._living[0]
        channel, address = self._heard.channel, self._heard.address
        submitted = conversation.case in ("linked", "code")
        self._remembered.rewrap(today)
        return {
            "id": self._remembered.id,
            "lookup": self._traces.lookups[0],
            "epoch": self._remembered.epoch,
            "wrapped_key": self._remembered.wrapped_key,
            "state": self._remembered.state(conversation),
            # Needed to reach the person, and to find them under the key of another day; else not kept.
            "address": self._remembered.address(channel, address) if self._is_reached(conversation) else None,
            "letter_key": self._remembered.letter_keys.public if submitted else None,
            "case_id": None if self._case is None or self._case.nobodys else self._case.id,
            "erase_at": self._erase_at(conversation),
        }

    def _is_reached(self, conversation: Conversation) -> bool:
        """Whether something is ever sent to this chat; by code, only in answer to what the person writes."""
        return conversation.case == "linked" or (conversation.case == "code" and self._heard.can_be_reached)

    def _kind_of_case(self, conversation: Conversation) -> str | None:
        if self._case is None:
            return None
        if self._case.state == "draft":
            return "draft"
        return conversation.case if conversation.case in ("linked", "code") else "linked"

    def _erase_at(self, conversation: Conversation) -> int | None:
        kept = {
            None: KEPT_BEFORE_CONSENT,
            "draft": self._means.draft_kept,
            "code": KEPT_BY_CODE,
            "linked": None,
        }[conversation.case]
        return None if kept is None else int((self._now + kept).timestamp())

    def _mark(self, reply: Reply) -> dict[str, Any]:
        mark, key = self._traces.marks[0], self._living[0].reply_key(self._heard)
        return {
            "mark": mark,
            "reply": lock(key, memory.dump_reply(reply), *_reply_context(mark)),
            "erase_at": int((self._now + KEPT_MARK).timestamp()),
        }

    # -------------------------------------------------------------- cases and codes

    def _writer(
        self, case_id: bytes, public: bytes, state: str, colleague_wrote_at: int | None = None
    ) -> CaseWriter:
        return CaseWriter(
            self._in_transaction, self._means.keys, self._now, case_id, public, state, colleague_wrote_at
        )

    def _nobodys(self) -> CaseWriter:
        return CaseWriter.of_nobody(self._in_transaction, self._means.keys, self._now)


def _reply_context(mark: bytes) -> tuple[str, int, bytes]:
    return ("reply", 1, mark)
