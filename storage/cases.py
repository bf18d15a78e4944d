"""Cases as a colleague reads them: checked against what was submitted, opened, and told in one piece.

A case is genuine when the intake signed each of its manifests, its private key is the one its public key
belongs to, its answers are exactly those the manifests list, and it lies under the reference, priority,
language and channel that the first of them names. Whatever differs is an incident and is named by the
check that failed; nothing of such a case is returned. A *last* message of the person, cut off together with
its manifest, is missed where whoever has the case has opened it since it came: how many there were is kept
beside the case, in the open. What these checks cannot see is one cut off before, or with that number changed,
by somebody who can write to the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select, update

from storage import audit
from storage.casebook import read_entries
from storage.casefile import (
    Listed,
    Manifest,
    SealedAnswer,
    answer_context,
    manifest_context,
    signed_parts,
)
from storage.casetelling import (
    LINKS,
    PRIORITIES,
    Case,
    CaseSummary,
    Given,
    Opening,
    corrected,
    flags_now,
    folded,
    joined_links,
    priority_now,
    told_links,
    without_links,
)
from storage.database import Database
from storage.days import date_of_day
from storage.errors import BadFormat, CannotOpen, CaseDamaged
from storage.keys import KeyDirectory
from storage.opening import check_may_read, readable, with_key
from storage.schema import answers, cases, links, manifests, staff
from storage.sealing import digest, open_sealed, verify
from storage.staff import Caseworker

FOLLOWS_WITHIN = timedelta(minutes=15)
"""A page that looks again at a case which the same colleague opened this recently is part of that opening."""

# ------------------------------------------------------------------ listing and opening


def list_cases(
    database: Database, keys: KeyDirectory, caseworker: Caseworker, limit: int | None = None
) -> list[CaseSummary]:
    """Return submitted cases: raised ones first, then by priority, then by age; closed ones at the end.

    That the queue was looked at is in the log before it is returned.

    Raises:
        NotAllowed: the colleague's role does not read cases, or they were disabled.
    """
    with database.transaction() as connection:
        check_may_read(connection, caseworker)
        audit.append(connection, datetime.now(UTC), caseworker.id, "cases_listed")
    with database.reading() as connection:
        rows = connection.execute(
            select(cases, manifests.c.sealed, manifests.c.signature)
            .outerjoin(manifests, and_(manifests.c.case_id == cases.c.id, manifests.c.number == 0))
            .where(cases.c.state != "draft")
            .order_by(
                cases.c.state == "closed",
                cases.c.raised.desc(),
                case({name: rank for rank, name in enumerate(PRIORITIES)}, value=cases.c.priority),
                cases.c.queued_on,
            )
            .limit(limit)
        ).all()
    return [_summary(row, keys.verify_keys, caseworker) for row in rows]


def open_case(
    database: Database,
    keys: KeyDirectory,
    caseworker: Caseworker,
    reference: str,
    *,
    follows: bool = False,
) -> Case:
    """Open a submitted case. The opening is in the log, for good, before anything is read.

    Args:
        reference: as the person has it, such as `TD-4F7K`; small letters and full width are fine.
        follows: a page that was shown looks again; no opening of its own if one is in the log of the last
            quarter of an hour.
    Raises:
        NotAllowed: the colleague's role does not read cases, or they were disabled.
        NotYours: the role reads its own cases, and somebody else has this one.
        CaseNotFound: no submitted case has this reference.
        CaseDamaged: the case is not what was submitted.
    """
    with database.transaction() as connection:
        before = readable(connection, caseworker, reference)
        case_id = before.id
        if not (follows and _has_just_opened(connection, caseworker, case_id)):
            subject = audit.subject_of(case_id)
            audit.append(connection, datetime.now(UTC), caseworker.id, "case_opened", subject)
        if before.claimed_by in (None, caseworker.id):
            _mark_seen(connection, case_id)
    with database.reading() as connection:
        row = readable(connection, caseworker, reference)
        manifest_rows = _rows(connection, manifests, case_id, "number")
        answer_rows = _rows(connection, answers, case_id, "sequence")
        link_rows = _rows(connection, links, case_id, "number")
        openings = tuple(_openings(connection, case_id))
        opened = with_key(row, caseworker)
        if len(manifest_rows) < before.seen:
            raise CaseDamaged("manifest")
        found = list(_genuine_manifests(row, manifest_rows, keys.verify_keys, opened.private))
        entries = read_entries(connection, opened)
        holder = _name_of(connection, row.claimed_by)
    genuine = list(_genuine_answers(row, answer_rows, found, opened.private))
    given = tuple(_given(genuine, found, before.seen))
    said = folded(genuine)
    fields = corrected(said, given, entries)
    was_corrected = fields != said
    sent = told_links(given)
    if sent:
        del fields[LINKS]
    flags = tuple(dict.fromkeys(flag for manifest in found for flag in manifest.flags))
    rank = (row.priority, found[0].reason)
    if len(found) > 1 or was_corrected:
        flags = flags_now(flags, fields)
        rank = priority_now(rank, flags, fields, len(sent))
    shown, withheld = joined_links(sent, link_rows), 0
    if "image_under_16" in flags:
        fields, withheld = without_links(fields)
        shown, withheld = (), withheld + len(sent)
        given = tuple(each.without_links() for each in given if each.field_id != LINKS)
    return Case(
        reference=row.reference,
        status=row.state,
        priority=rank[0],
        priority_reason=rank[1],
        language=row.language,
        channel=row.channel,
        flags=flags,
        submitted_at=found[0].submitted_at,
        fields=fields,
        links=shown,
        links_withheld=withheld,
        opened=openings,
        given=given,
        entries=entries,
        holder=holder,
        raised=row.raised,
        due_on=None if row.due_on is None else date_of_day(row.due_on),
        erased_after=None if row.erase_at is None else datetime.fromtimestamp(row.erase_at, UTC),
    )


# ------------------------------------------------------------------ reading rows


def _rows(connection: Connection, table: Any, case_id: bytes, order: str) -> Sequence[Row[Any]]:
    return connection.execute(select(table).where(table.c.case_id == case_id).order_by(table.c[order])).all()


def _has_just_opened(connection: Connection, caseworker: Caseworker, case_id: bytes) -> bool:
    since = int((datetime.now(UTC) - FOLLOWS_WITHIN).timestamp())
    return audit.is_noted(connection, caseworker.id, "case_opened", audit.subject_of(case_id), since)


def _mark_seen(connection: Connection, case_id: bytes) -> None:
    """Keep how many messages of the person were there; it never goes down, so that one that goes is missed."""
    known = (
        select(func.count()).select_from(manifests).where(manifests.c.case_id == case_id).scalar_subquery()
    )
    connection.execute(update(cases).where(cases.c.id == case_id, cases.c.seen < known).values(seen=known))


def _name_of(connection: Connection, staff_id: bytes | None) -> str | None:
    return connection.execute(select(staff.c.name).where(staff.c.id == staff_id)).scalar_one_or_none()


def _openings(connection: Connection, case_id: bytes) -> Iterator[Opening]:
    names = {row.id.hex(): row.name for row in connection.execute(select(staff.c.id, staff.c.name))}
    for entry in audit.entries(connection, audit.subject_of(case_id)):
        if entry.event == "case_opened":
            yield Opening(entry.at, names.get(entry.staff or ""))


# ------------------------------------------------------------------ checking and opening


def _summary(row: Row[Any], verify_keys: Iterable[bytes], caseworker: Caseworker) -> CaseSummary:
    manifest, damaged = None, None
    try:
        private = with_key(row, caseworker).private
        manifest = genuine_manifest(row, 0, row, verify_keys, private, None)
    except CaseDamaged as damage:
        damaged = damage.check
    return CaseSummary(
        reference=row.reference,
        status=row.state,
        priority=row.priority,
        priority_reason=manifest.reason if manifest else None,
        language=row.language,
        channel=row.channel,
        flags=manifest.flags if manifest else (),
        raised=row.raised,
        submitted_at=manifest.submitted_at if manifest else None,
        damaged=damaged,
    )


def _genuine_manifests(
    row: Row[Any], manifest_rows: Sequence[Row[Any]], verify_keys: Iterable[bytes], private: bytes
) -> Iterator[Manifest]:
    if not manifest_rows:
        raise CaseDamaged("manifest")
    previous = None
    for number, manifest_row in enumerate(manifest_rows):
        if manifest_row.number != number:
            raise CaseDamaged("manifest")
        yield genuine_manifest(row, number, manifest_row, verify_keys, private, previous)
        previous = digest(manifest_row.signature)


def genuine_manifest(
    row: Row[Any],
    number: int,
    manifest_row: Row[Any],
    verify_keys: Iterable[bytes],
    private: bytes,
    previous: bytes | None,
) -> Manifest:
    """Open and check one manifest of a case.

    Args:
        previous: SHA-256 of the signature of the one before; None for number 0.
    Raises:
        CaseDamaged: it is not what the intake signed for this case and place.
    """
    if manifest_row.sealed is None:
        raise CaseDamaged("manifest")
    signed = signed_parts(row.id, row.public_key, number, manifest_row.sealed)
    if not any(verify(key, manifest_row.signature, *signed) for key in verify_keys):
        raise CaseDamaged("signature")
    try:
        manifest = Manifest.from_bytes(
            open_sealed(private, manifest_row.sealed, *manifest_context(row.id, number))
        )
    except (CannotOpen, BadFormat):
        raise CaseDamaged("manifest") from None
    if manifest.previous != previous:
        raise CaseDamaged("manifest")
    if any(row._mapping[name] != value for name, value in manifest.label.items()):
        raise CaseDamaged("label")
    return manifest


def _genuine_answers(
    row: Row[Any], answer_rows: Sequence[Row[Any]], found: Sequence[Manifest], private: bytes
) -> Iterator[tuple[str, SealedAnswer]]:
    """Open the answers in the order in which they were given: those that are listed, no more and no fewer."""
    listed = sorted((answer for manifest in found for answer in manifest.answers), key=_sequence)
    if [answer.sequence for answer in listed] != [answer_row.sequence for answer_row in answer_rows]:
        raise CaseDamaged("answers")
    for answer, answer_row in zip(listed, answer_rows, strict=True):
        if digest(answer_row.sealed) != answer.sealed_digest:
            raise CaseDamaged("answers")
        context = answer_context(row.id, answer.field_id, answer.sequence)
        try:
            opened = SealedAnswer.from_bytes(open_sealed(private, answer_row.sealed, *context))
        except (CannotOpen, BadFormat):
            raise CaseDamaged("answers") from None
        yield answer.field_id, opened


def _given(
    genuine: Iterable[tuple[str, SealedAnswer]], found: Sequence[Manifest], seen: int
) -> Iterator[Given]:
    """Give the answers with the manifest that listed each, which tells those that came later."""
    order = sorted(
        ((answer.sequence, number) for number, each in enumerate(found) for answer in each.answers)
    )
    for (field_id, answer), (_, number) in zip(genuine, order, strict=True):
        yield Given(field_id, answer, later=number > 0, unseen=number > 0 and number >= seen)


def _sequence(answer: Listed) -> int:
    return answer.sequence
