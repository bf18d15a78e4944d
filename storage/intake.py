"""Where the part that talks to people keeps what they say: it writes answers and can open none.

One message is one transaction. What takes long and needs no database (the keys of case codes) is done
before it begins, and making the files forget what was erased is done after it is committed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from flows.vocabulary import Conversation, Heard, Outside, Reply, Turn
from storage.codes import CODE_PARAMETERS, Codes
from storage.database import Database
from storage.epochs import Epoch, Epochs, Traces
from storage.erasing import EraseJournal, erase_case
from storage.errands import Errand, lane_of, rows_of
from storage.errors import Overtaken, StoreAway, StoreRefused
from storage.exchange import Exchange, Means, NeedsTransaction
from storage.keys import KeyDirectory
from storage.lanes import find_waiting
from storage.line import Line
from storage.outbox import Outbox
from storage.remembering import FORGET, UPDATE, Remembered, find
from storage.schema import later_work
from storage.scrubbing import scrub_now
from storage.sealing import PasswordParameters, index
from storage.team_chat import link_chat
from storage.writing import write_errands

DRAFT_HOURS = 72
"""Hours after the last message that a case not submitted is kept, unless the operator chose otherwise."""


Decide = Callable[[Conversation | None, Outside], Turn]
Causes = Callable[[Reply, bool], Sequence[Errand]]
"""From a reply, and whether something else is about to be sent to the person, to what is to be done at a provider."""


def nothing_else(reply: Reply, waits: bool) -> Sequence[Errand]:
    """What most messages cause."""
    return ()


class Intake:
    """The store as the part that talks to people sees it. Safe to share between threads, and over a fork.

    Args:
        journal: the file that erased cases are noted in, beside the database and not in its backups.
        draft_hours: how long a case that is not submitted is kept after its last message, 1 to 168.
        code_parameters: what deriving the keys of a case code costs; the same for all that ever ran.

    Attributes:
        outbox: what colleagues wrote to people, on its way.
    """

    def __init__(
        self,
        database: Database,
        keys: KeyDirectory,
        journal: Path,
        draft_hours: int = DRAFT_HOURS,
        code_parameters: PasswordParameters = CODE_PARAMETERS,
    ) -> None:
        if not 1 <= draft_hours <= 168:
            raise ValueError("a draft is kept for 1 to 168 hours")
        self._database = database
        self._keys = keys
        self._epochs = Epochs(keys)
        self.outbox = Outbox(database, keys)
        self._means = Means(
            keys=keys,
            codes=Codes(lambda: keys.code_salt, code_parameters),
            journal=EraseJournal(journal),
            draft_kept=timedelta(hours=draft_hours),
        )

    def take(self, heard: Heard, now: datetime, decide: Decide, causes: Causes = nothing_else) -> Reply:
        """Take one message and return its reply: the one it got before, or that of the turn decided on.

        What most messages need is worked out before the transaction, so that nobody waits for it: the
        conversation is read, and written only if it is still as it was read. A message that does more
        than consent or answer a question, or that was overtaken, is decided again while the others wait.

        Args:
            now: the time, timezone-aware.
            decide: from what is remembered, and what is outside, to the turn. Called again after it was
                overtaken, so it must do nothing of its own. What it raises is raised, and nothing kept.
            causes: what is to be done at a provider, kept in the same transaction. Likewise called again.
        Raises: as `exchange`, and `CannotOpen` as `Exchange.earlier`.
        """
        person = self._person(heard.channel, heard.address)
        with self._database.turn_of(person):
            with contextlib.suppress(NeedsTransaction, Overtaken, StoreRefused):
                return self._take_lightly(heard, now, decide, causes, person)
            with self.exchange(heard, now, sending=causes is not nothing_else) as exchange:
                if (earlier := exchange.earlier) is not None:
                    return earlier
                turn = decide(exchange.conversation, exchange.outside)
                exchange.keep(turn, causes(turn.reply, exchange.waits))
            return turn.reply

    def _take_lightly(
        self, heard: Heard, now: datetime, decide: Decide, causes: Causes, person: bytes
    ) -> Reply:
        living = self._epochs.living(now)
        traces = Traces.of(heard, living)
        lanes = () if causes is nothing_else else _lanes(heard.address, living)
        with self._database.lent() as line:
            try:
                found = _find(line, traces.lookups, traces.marks, locked=False, lanes=lanes, now=now)
            except DBAPIError:
                # Such as a connection from before a restart; a transaction knows what to do about it.
                raise NeedsTransaction from None
            if found.id is not None and _is_over(found, now):
                raise NeedsTransaction
            alive = found.id is not None
            exchange = Exchange(None, self._means, heard, now, living, traces, found, alive, None)
            if (earlier := exchange.earlier) is not None:
                return earlier
            turn = decide(exchange.conversation, exchange.outside)
            exchange.gather(turn, causes(turn.reply, exchange.waits))
            self._database.write(line, exchange.write, exchange.is_one_statement(line))
            return turn.reply

    @contextmanager
    def exchange(self, heard: Heard, now: datetime, sending: bool = False) -> Iterator[Exchange]:
        """Take one message: everything done in the block is kept together when it ends well, or not at all.

        The messages of one person are taken one after another, over all processes.

        Args:
            now: the time, timezone-aware.
            sending: whether errands may be kept that send something.
        Raises:
            StoreAway: the database cannot be had, and nothing was kept.
            StateUnreadable: what is kept of this person cannot be read. It stays as it is.
            KeyDirectoryUnsafe: a key is missing or unsafe.
        """
        living = self._epochs.living(now)
        self._means.codes.prepare()
        tried = self._means.codes.tried(heard.text, heard.channel, heard.address, now)
        with self._database.transaction(self._person(heard.channel, heard.address)) as connection:
            traces = Traces.of(heard, living)
            lanes = _lanes(heard.address, living) if sending else ()
            found = _find(connection, traces.lookups, traces.marks, lanes=lanes, now=now)
            alive = _is_alive(connection, found, now)
            exchange = Exchange(connection, self._means, heard, now, living, traces, found, alive, tried)
            yield exchange
        if exchange.erased:
            self._scrub()

    def peek(self, channel: str, address: str, now: datetime) -> Conversation | None:
        """Return what is remembered of a person, changing nothing; None where there is nothing.

        Raises: as `exchange`.
        """
        living = self._epochs.living(now)
        with self._database.reading() as connection:
            found = _find(connection, _lookups(channel, address, living), locked=False)
        if found.id is None or _is_over(found, now):
            return None
        return Remembered.of(found, living).opened_state(found.state)

    def run_later(self, errands: Sequence[Errand], now: datetime) -> None:
        """Keep errands that no message of a conversation causes.

        Raises: as `exchange`.
        """
        living = self._epochs.living(now)
        with self._database.transaction() as connection:
            waiting = {
                to: _waiting(connection, living, to, now) for to in {each.to for each in errands} if to
            }
            known = {to: row for to, row in waiting.items() if row is not None}
            write_errands(connection, rows_of(errands, living[0], now, known))

    def link_colleague(self, code: str, chat: str, now: datetime) -> bool:
        """Have a colleague told of what waits in their own chat: as `storage.team_chat.link_chat`."""
        with self._database.transaction() as connection:
            return link_chat(connection, self._keys, code, chat, now)

    def waiting(self, kind: str) -> frozenset[str]:
        """Return the subjects of the errands of a kind that are not done yet.

        Raises: `StoreAway`.
        """
        with self._database.reading() as connection:
            found = connection.scalars(select(later_work.c.subject).where(later_work.c.kind == kind)).all()
        return frozenset(subject.decode() for subject in found if subject)

    def leave(self, channel: str, address: str, erase: bool, now: datetime) -> None:
        """End a conversation that nobody can come back to, such as that of a page that was closed.

        A draft stays until its time is over, and with `erase` is destroyed at once. A submitted case always
        stays. Nothing happens where nothing is known of the address.

        Raises: as `exchange`.
        """
        living = self._epochs.living(now)
        with self._database.transaction(self._person(channel, address)) as connection:
            found = _find(connection, _lookups(channel, address, living))
            if found.id is None:
                return
            draft = found.case_state == "draft"
            if draft and not erase:
                connection.execute(UPDATE, {"row": found.id, **_NOT_FOUND_AGAIN})
                return
            connection.execute(FORGET, {"row": found.id})
            if draft:
                erase_case(connection, self._means.journal, found.case_id, now)
        if draft:
            self._scrub()

    @cached_property
    def _salt(self) -> bytes:
        return self._keys.code_salt  # the same for as long as there is an instance

    def _person(self, channel: str, address: str) -> bytes:
        return index(self._salt, "person", 1, channel, address)

    def _scrub(self) -> None:
        # What cannot be done now is done by whoever does the later work; the answer does not wait for it.
        with contextlib.suppress(StoreAway):
            scrub_now(self._database)


_NO_MARK = b""
_NOT_FOUND_AGAIN = {"lookup": None, "address": None}


def _find(
    connection: Line | Connection,
    lookups: Sequence[bytes],
    marks: Sequence[bytes] = (_NO_MARK,),
    locked: bool = True,
    lanes: Sequence[bytes] = (),
    now: datetime | None = None,
) -> Any:
    statement, values = find(lookups, marks, locked, lanes, now if lanes else None)
    return statement.row(connection, values)


def _lookups(channel: str, address: str, living: Sequence[Epoch]) -> list[bytes]:
    return [epoch.lookup(channel, address) for epoch in living]


def _lanes(address: str, living: Sequence[Epoch]) -> list[bytes]:
    return [lane_of(address, epoch) for epoch in living]


def _waiting(connection: Connection, living: tuple[Epoch, ...], to: str, now: datetime) -> bytes | None:
    statement, values = find_waiting(_lanes(to, living), now)
    row: bytes | None = statement.scalar(connection, values)
    return row


def _is_over(found: Any, now: datetime) -> bool:
    return found.erase_at is not None and found.erase_at <= now.timestamp()


def _is_alive(connection: Connection, found: Any, now: datetime) -> bool:
    """Say whether there is a conversation. One whose time is over is not found again, and left to be purged."""
    if found.id is None:
        return False
    if _is_over(found, now):
        connection.execute(UPDATE, {"row": found.id, **_NOT_FOUND_AGAIN})
        return False
    return True
