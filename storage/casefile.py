"""How a case is written: what each of its blobs is bound to, and what stands inside.

The intake writes these and the desk reads them; here the two agree. Nothing here opens anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from storage.errors import BadFormat
from storage.sealing import ContextPart, digest

_FORMAT = 1

Context = tuple[ContextPart, ...]


def case_key_context(case_id: bytes, generation: int) -> Context:
    """The case's private key, sealed to the desk key of a generation."""
    return ("case-key", _FORMAT, case_id, generation)


def outer_context(case_id: bytes) -> Context:
    """The sealed case key, locked once more with the conversation key while the case is a draft."""
    return ("outer", _FORMAT, case_id)


def answer_context(case_id: bytes, field_id: str, sequence: int) -> Context:
    """One answer, sealed to the case key."""
    return ("answer", _FORMAT, case_id, field_id, sequence)


def manifest_context(case_id: bytes, number: int) -> Context:
    """One manifest, sealed to the case key."""
    return ("manifest", _FORMAT, case_id, number)


def signed_parts(case_id: bytes, public_key: bytes, number: int, sealed_manifest: bytes) -> Context:
    """What the intake's signature of a manifest covers."""
    return ("case", case_id, public_key, number, sealed_manifest)


@dataclass(frozen=True)
class SealedAnswer:
    """An answer as it is before sealing and after opening.

    Attributes:
        value: JSON: text, a list, an object, or None for skipped.
        how: `set` replaces what was there, `add` goes on where it ended.
        at: when it was given, UTC.
    """

    value: Any = field(repr=False)
    how: Literal["set", "add"]
    at: datetime

    def to_bytes(self) -> bytes:
        """Write the answer down, ready to be sealed."""
        return _dump({"value": self.value, "how": self.how, "at": self.at.isoformat()})

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedAnswer:
        """Read what `to_bytes` wrote.

        Raises:
            BadFormat: it did not write this.
        """
        try:
            content = _load(data)
            if content["how"] not in ("set", "add"):
                raise BadFormat("answer")
            return cls(content["value"], content["how"], datetime.fromisoformat(content["at"]))
        except (KeyError, TypeError, ValueError):
            raise BadFormat("answer") from None


LABEL = ("reference", "priority", "language", "channel")
"""The columns by which a case is found, sorted and told apart before it is opened."""


@dataclass(frozen=True)
class Listed:
    """A line of a manifest: the answer with this sequence is for this field and has this SHA-256, sealed."""

    field_id: str
    sequence: int
    sealed_digest: bytes

    @classmethod
    def of(cls, field_id: str, sequence: int, sealed: bytes) -> Listed:
        """List a sealed answer."""
        return cls(field_id, sequence, digest(sealed))


@dataclass(frozen=True)
class Manifest:
    """What a case consists of, so that nothing can be altered, added, dropped or put elsewhere unseen.

    Number 0 is made at submission; each later message of the person adds one that covers its own answers.

    Attributes:
        answers: every answer that is new since the manifest before.
        flags: what the place in the queue depends on (`flows.priority`); in later ones, what was raised since.
        reason: the id of the rule that gave the priority; empty in later ones.
        submitted_at: when this manifest was made, UTC.
        previous: SHA-256 of the signature of the manifest before; None for number 0.
        label: what the columns named in `LABEL` said at submission, so that a case cannot be passed off as
            another one, or as a less urgent one. In number 0 alone; empty where it was made before this was kept.
    """

    answers: Sequence[Listed]
    flags: tuple[str, ...]
    reason: str
    submitted_at: datetime
    previous: bytes | None = None
    label: Mapping[str, str | None] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write the manifest down, ready to be sealed."""
        content = {
            "answers": [[a.field_id, a.sequence, a.sealed_digest.hex()] for a in self.answers],
            "flags": list(self.flags),
            "reason": self.reason,
            "submitted_at": self.submitted_at.isoformat(),
            "previous": self.previous.hex() if self.previous else None,
        }
        return _dump({**content, "label": dict(self.label)} if self.label else content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read what `to_bytes` wrote.

        Raises:
            BadFormat: it did not write this.
        """
        try:
            content = _load(data)
            return cls(
                answers=tuple(Listed(f, s, bytes.fromhex(d)) for f, s, d in content["answers"]),
                flags=tuple(content["flags"]),
                reason=content["reason"],
                submitted_at=datetime.fromisoformat(content["submitted_at"]),
                previous=bytes.fromhex(content["previous"]) if content["previous"] else None,
                label={name: content["label"][name] for name in LABEL} if "label" in content else {},
            )
        except (KeyError, TypeError, ValueError):
            raise BadFormat("manifest") from None


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _dump(content: dict[str, Any]) -> bytes:
    return _written(content).encode("utf-8", "surrogatepass")


def _load(data: bytes) -> Any:
    return json.loads(data.decode("utf-8", "surrogatepass"))
