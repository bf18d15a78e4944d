"""Builds what tests need: an instance with colleagues, and cases sealed by hand as the intake seals them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

from sqlalchemy import insert, select

from storage.casefile import (
    LABEL,
    Listed,
    Manifest,
    SealedAnswer,
    answer_context,
    case_key_context,
    manifest_context,
    signed_parts,
)
from storage.database import Database
from storage.days import day_of
from storage.keys import KeyDirectory
from storage.recovery import RecoveryKey
from storage.schema import answers, cases, links, manifests, slots
from storage.sealing import KeyPair, PasswordParameters, digest, new_id, new_key_pair, seal, sign
from storage.signing_in import sign_in
from storage.slots import open_all
from storage.staff import Caseworker, Role, StaffMember
from storage.staffing import add_staff

CHEAP = PasswordParameters(memory=64, passes=1, lanes=1)
"""Parameters that cost nothing, as no test guards anything."""
PASSWORD = "blue kettle under seven hills"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

Given = tuple[str, Any] | tuple[str, Any, Literal["set", "add"]]
"""A field, its value, and how it was given (`set` if not said)."""


@dataclass(frozen=True)
class Instance:
    """A set-up instance, and everything a test may ask of it."""

    database: Database
    keys: KeyDirectory
    recovery_key: str

    @property
    def desk_keys(self) -> Mapping[int, bytes]:
        """The private desk keys, as the recovery key opens them."""
        with self.database.reading() as connection:
            return open_all(connection, "recovery", RecoveryKey.from_text(self.recovery_key).private)

    def holders(self) -> set[str]:
        """Return who has a slot."""
        with self.database.reading() as connection:
            return set(connection.execute(select(slots.c.holder)).scalars())

    def add(self, name: str, role: Role, by: Caseworker | RecoveryKey | None = None) -> StaffMember:
        """Add a colleague with the password that everybody has here."""
        return add_staff(self.database, self.keys, name, role, PASSWORD, by, CHEAP)

    def added(self, name: str, role: Role, by: Caseworker | RecoveryKey | None = None) -> Caseworker:
        """Add a colleague and sign them in."""
        self.add(name, role, by)
        return self.sign_in(name)

    def sign_in(self, name: str) -> Caseworker:
        """Sign a colleague in."""
        return sign_in(self.database, name, PASSWORD, CHEAP)


@dataclass
class BuiltCase:
    """A submitted case, written row by row as the intake does."""

    instance: Instance
    reference: str = "TD-2345"
    id: bytes = field(default_factory=new_id)
    pair: KeyPair = field(default_factory=new_key_pair)
    sequence: int = 0
    previous: bytes | None = None
    number: int = 0

    def submit(
        self,
        given: Sequence[Given],
        platforms: Sequence[str] = (),
        *,
        flags: tuple[str, ...] = (),
        priority: str = "normal",
        reason: str = "normal",
        at: datetime = NOW,
        labelled: bool = True,
        **columns: Any,
    ) -> BuiltCase:
        """Put the case into the queue with these answers; not `labelled`, as the first version did."""
        generation, desk_public = self.instance.keys.desk_public
        sealed_key = seal(desk_public, self.pair.private, *case_key_context(self.id, generation))
        row = {
            "id": self.id,
            "state": "queued",
            "public_key": self.pair.public,
            "sealed_key": sealed_key,
            "generation": generation,
            "reference": self.reference,
            "priority": priority,
            "language": "en",
            "channel": "web",
            "started_on": day_of(at),
            "queued_on": day_of(at),
            **columns,
        }
        with self.instance.database.transaction() as connection:
            connection.execute(insert(cases).values(row))
            for number, platform in enumerate(platforms):
                connection.execute(insert(links).values(case_id=self.id, number=number, platform=platform))
        label = {name: row[name] for name in LABEL}
        return self.add(given, flags=flags, reason=reason, at=at, label=label if labelled else {})

    def add(
        self,
        given: Sequence[Given],
        *,
        flags: tuple[str, ...] = (),
        reason: str = "normal",
        at: datetime = NOW,
        label: Mapping[str, str | None] = MappingProxyType({}),
    ) -> BuiltCase:
        """Write answers and the manifest that lists them."""
        listed, rows = [], []
        for field_id, value, *how in given:
            answer = SealedAnswer(value, how[0] if how else "set", at)
            context = answer_context(self.id, field_id, self.sequence)
            sealed = seal(self.pair.public, answer.to_bytes(), *context)
            rows.append({"case_id": self.id, "sequence": self.sequence, "sealed": sealed})
            listed.append(Listed.of(field_id, self.sequence, sealed))
            self.sequence += 1
        manifest = Manifest(listed, flags, reason, at, self.previous, label)
        sealed = seal(self.pair.public, manifest.to_bytes(), *manifest_context(self.id, self.number))
        parts = signed_parts(self.id, self.pair.public, self.number, sealed)
        signature = sign(self.instance.keys.signing_key, *parts)
        with self.instance.database.transaction() as connection:
            if rows:
                connection.execute(insert(answers), rows)
            connection.execute(
                insert(manifests).values(
                    case_id=self.id, number=self.number, sealed=sealed, signature=signature
                )
            )
        self.previous, self.number = digest(signature), self.number + 1
        return self
