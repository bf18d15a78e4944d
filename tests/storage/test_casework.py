"""Work on cases: one has each, everything is in the log, what is written opens for readers alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from storage import audit
from storage.casebook import LONGEST_ENTRY, write_entry
from storage.cases import open_case
from storage.casework import (
    attend_case,
    claim_case,
    close_case,
    hand_over,
    move_cases,
    release_case,
    reopen_case,
    set_due,
)
from storage.database import Database
from storage.errors import (
    CannotOpen,
    CaseClosed,
    CaseDamaged,
    CaseNotFound,
    NotAllowed,
    NotYours,
    StaffNotFound,
    Taken,
    TooLong,
)
from storage.linkwork import LinkState, change_links, restore_links
from storage.retention import purge
from storage.schema import cases, entries, links
from storage.sealing import digest, open_sealed
from storage.staff import Caseworker, Role
from storage.staffing import disable_staff
from tests.storage.building import NOW, BuiltCase, Given, Instance
from tests.storage.test_cases import LINK

CANARY = "canary-written-by-a-colleague"


@pytest.fixture
def jo(instance: Instance, mei: Caseworker) -> Caseworker:
    """A colleague with her own cases."""
    return instance.added("Jo", "intake", mei)


@pytest.fixture
def kit(instance: Instance, mei: Caseworker) -> Caseworker:
    """Another one."""
    return instance.added("Kit", "intake", mei)


@pytest.fixture
def built(instance: Instance) -> BuiltCase:
    given: list[Given] = [("name", "Canary"), ("links", [LINK, LINK | {"normalised": "b"}], "add")]
    return BuiltCase(instance).submit(given, ["other", "other"])


def row(instance: Instance, case_id: bytes) -> tuple[str, bytes | None]:
    with instance.database.reading() as connection:
        found = connection.execute(
            select(cases.c.state, cases.c.claimed_by).where(cases.c.id == case_id)
        ).one()
    return found.state, found.claimed_by


def told(instance: Instance, case: BuiltCase) -> list[tuple[str, str | None, str | None]]:
    """What the log has of a case: event, who, to whom."""
    with instance.database.reading() as connection:
        found = list(audit.entries(connection, audit.subject_of(case.id)))
        assert audit.first_broken(connection) is None
    return [(entry.event, entry.staff, entry.recipient) for entry in found]


# ------------------------------------------------------------------ who has it


def test_a_case_is_claimed_once_and_the_other_is_told_who_has_it(
    instance: Instance, built: BuiltCase, jo: Caseworker, kit: Caseworker
) -> None:
    claim_case(instance.database, jo, "td-2345")
    claim_case(instance.database, jo, built.reference)
    with pytest.raises(Taken) as taken:
        claim_case(instance.database, kit, built.reference)
    assert taken.value.name == "Jo"
    assert row(instance, built.id) == ("claimed", jo.id)
    assert told(instance, built) == [("case_claimed", jo.id.hex(), None)]


def test_of_many_who_claim_at_once_one_has_the_case(
    instance: Instance, built: BuiltCase, mei: Caseworker, open_database: Callable[[], Database]
) -> None:
    colleagues = [instance.added(f"N{n}", "intake", mei) for n in range(6)]

    def claim(each: Caseworker) -> str | None:
        try:
            claim_case(open_database(), each, built.reference)
        except Taken as taken:
            return taken.name
        return each.name

    with ThreadPoolExecutor(6) as pool:
        winners = set(pool.map(claim, colleagues))
    assert len(winners) == 1
    assert [event for event, *_ in told(instance, built)] == ["case_claimed"]


@pytest.mark.parametrize("role", ["key_holder", "auditor", "administrator"])
def test_who_reads_no_cases_claims_none(
    instance: Instance, built: BuiltCase, mei: Caseworker, role: Role
) -> None:
    other = instance.added("Other", role, mei)
    for act in (claim_case, release_case, attend_case, reopen_case):
        with pytest.raises(NotAllowed):
            act(instance.database, other, built.reference)


def test_a_case_is_handed_over_by_whoever_has_it_or_by_a_supervisor(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker, kit: Caseworker
) -> None:
    with pytest.raises(NotYours):
        hand_over(instance.database, jo, built.reference, kit.id)
    hand_over(instance.database, mei, built.reference, jo.id)
    hand_over(instance.database, jo, built.reference, kit.id)
    with pytest.raises(NotYours):
        hand_over(instance.database, jo, built.reference, jo.id)
    assert row(instance, built.id) == ("claimed", kit.id)
    assert told(instance, built) == [
        ("case_handed_over", mei.id.hex(), jo.id.hex()),
        ("case_handed_over", jo.id.hex(), kit.id.hex()),
    ]


def test_nobody_gets_a_case_who_left_or_reads_none(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker
) -> None:
    auditor = instance.added("Au", "auditor", mei)
    disable_staff(instance.database, "Jo", mei)
    for nobody in (jo.id, auditor.id, b"n" * 16):
        with pytest.raises(StaffNotFound):
            hand_over(instance.database, mei, built.reference, nobody)
    assert told(instance, built) == []


def test_what_is_released_may_be_claimed_by_anybody(
    instance: Instance, built: BuiltCase, jo: Caseworker, kit: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    with pytest.raises(NotYours):
        release_case(instance.database, kit, built.reference)
    release_case(instance.database, jo, built.reference)
    claim_case(instance.database, kit, built.reference)
    assert row(instance, built.id) == ("claimed", kit.id)


@pytest.mark.parametrize("back", [True, False])
def test_every_case_of_a_leaver_moves_in_one_act(
    instance: Instance, mei: Caseworker, jo: Caseworker, kit: Caseworker, back: bool
) -> None:
    built = [BuiltCase(instance, f"TD-222{n}").submit([]) for n in range(2, 6)]
    for each in built[:3]:
        claim_case(instance.database, jo, each.reference)
    close_case(instance.database, jo, built[0].reference, 90)
    with pytest.raises(NotAllowed):
        move_cases(instance.database, kit, jo.id, kit.id)
    disable_staff(instance.database, "Jo", mei)
    assert move_cases(instance.database, mei, jo.id, None if back else kit.id) == 2
    moved = ("queued", None) if back else ("claimed", kit.id)
    assert [row(instance, each.id) for each in built] == [("closed", jo.id), moved, moved, ("queued", None)]
    assert told(instance, built[1])[-1][0] == ("case_released" if back else "case_handed_over")


def test_a_case_of_somebody_else_is_not_opened_but_by_a_supervisor(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker, kit: Caseworker
) -> None:
    open_case(instance.database, instance.keys, kit, built.reference)
    claim_case(instance.database, jo, built.reference)
    with pytest.raises(NotYours):
        open_case(instance.database, instance.keys, kit, built.reference)
    assert open_case(instance.database, instance.keys, mei, built.reference).holder == "Jo"


def test_a_disabled_colleague_does_nothing_more(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    disable_staff(instance.database, "Jo", mei)
    acts: list[Callable[[], object]] = [
        lambda: claim_case(instance.database, jo, built.reference),
        lambda: release_case(instance.database, jo, built.reference),
        lambda: close_case(instance.database, jo, built.reference, 1),
        lambda: change_links(instance.database, jo, built.reference, [0], "removed"),
        lambda: write_entry(instance.database, jo, built.reference, "note", "x"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()


# ------------------------------------------------------------------ closing


def test_a_closed_case_is_destroyed_when_its_time_is_over_and_not_before(
    instance: Instance, built: BuiltCase, jo: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    write_entry(instance.database, jo, built.reference, "note", "x")
    destroyed = close_case(instance.database, jo, built.reference, 90)
    assert abs(destroyed - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    assert purge(instance.database, instance.keys, destroyed - timedelta(seconds=1)).cases == 0
    assert purge(instance.database, instance.keys, destroyed).cases == 1
    with pytest.raises(CaseNotFound):
        reopen_case(instance.database, jo, built.reference)
    with instance.database.reading() as connection:
        assert connection.execute(select(entries)).all() == []


def test_a_slip_in_closing_is_taken_back(
    instance: Instance, built: BuiltCase, jo: Caseworker, kit: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    close_case(instance.database, jo, built.reference, 0)
    for act in (claim_case, release_case):
        with pytest.raises(CaseClosed):
            act(instance.database, jo, built.reference)
    with pytest.raises(NotYours):
        reopen_case(instance.database, kit, built.reference)
    reopen_case(instance.database, jo, built.reference)
    assert row(instance, built.id) == ("claimed", jo.id)
    assert open_case(instance.database, instance.keys, jo, built.reference).erased_after is None
    with instance.database.transaction() as connection:
        connection.execute(update(cases).values(erase_at=0))  # as if a deadline had been left behind
    assert purge(instance.database, instance.keys, NOW + timedelta(days=9000)).cases == 0


def test_a_case_whose_colleague_left_opens_again_into_the_queue(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    close_case(instance.database, jo, built.reference, 30)
    disable_staff(instance.database, "Jo", mei)
    reopen_case(instance.database, mei, built.reference)
    assert row(instance, built.id) == ("queued", None)


def test_a_day_by_which_something_is_due_and_a_wish_for_somebody_are_kept_and_cleared(
    instance: Instance, mei: Caseworker
) -> None:
    built = BuiltCase(instance).submit([], raised=True, raised_on=7)
    set_due(instance.database, mei, built.reference, date(2026, 12, 24))
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert (case.due_on, case.raised) == (date(2026, 12, 24), True)
    attend_case(instance.database, mei, built.reference)
    attend_case(instance.database, mei, built.reference)
    set_due(instance.database, mei, built.reference, None)
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert (case.due_on, case.raised) == (None, False)
    assert [event for event, *_ in told(instance, built)].count("case_attended") == 1


# ------------------------------------------------------------------ links


def test_several_links_change_at_once_and_it_stands_in_the_case_and_not_in_the_log(
    instance: Instance, built: BuiltCase, mei: Caseworker
) -> None:
    about = {"to": "platform", "whom": CANARY, "on": "2026-11-22"}
    before = change_links(
        instance.database, mei, built.reference, [0, 1, 9], "reported", "social_media", about, "by form"
    )
    assert before == {0: LinkState("new", "other"), 1: LinkState("new", "other")}
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert [(link.status, link.platform, link.number) for link in case.links] == [
        ("reported", "social_media", 0),
        ("reported", "social_media", 1),
    ]
    assert [(entry.kind, entry.text, entry.about["whom"]) for entry in case.entries] == [
        ("links", "by form", CANARY)
    ]
    restore_links(instance.database, mei, built.reference, before)
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert {(link.status, link.platform) for link in case.links} == {("new", "other")}
    assert case.entries[1].about["undone"] is True


def test_no_link_gets_a_status_or_type_that_there_is_not(
    instance: Instance, built: BuiltCase, mei: Caseworker
) -> None:
    with pytest.raises(ValueError, match="no such"):
        change_links(instance.database, mei, built.reference, [0], "lost")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no such"):
        change_links(instance.database, mei, built.reference, [0], platform="moon")
    with pytest.raises(ValueError, match="no such"):
        restore_links(instance.database, mei, built.reference, {0: LinkState("x", "other")})


def test_links_that_came_since_somebody_looked_stand_out(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker
) -> None:
    claim_case(instance.database, jo, built.reference)
    open_case(instance.database, instance.keys, jo, built.reference)
    built.add([("links", [LINK | {"normalised": "c"}], "add")])
    with instance.database.transaction() as connection:
        connection.execute(insert(links).values(case_id=built.id, number=2, platform="other"))
    # A supervisor who looks does not take that away from whoever has the case.
    open_case(instance.database, instance.keys, mei, built.reference)
    case = open_case(instance.database, instance.keys, jo, built.reference)
    assert [link.unseen for link in case.links] == [False, False, True]
    case = open_case(instance.database, instance.keys, jo, built.reference)
    assert [link.unseen for link in case.links] == [False, False, False]


# ------------------------------------------------------------------ what colleagues write


@pytest.mark.parametrize("text", [CANARY, "", "電話係咁講", "\u202ertl\x00\ud800", "x" * LONGEST_ENTRY])
def test_what_was_written_is_read_as_it_was_written(
    instance: Instance, built: BuiltCase, mei: Caseworker, text: str
) -> None:
    write_entry(instance.database, mei, built.reference, "note", "before")
    write_entry(instance.database, mei, built.reference, "third_party", text, {"who": text})
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert [(e.number, e.kind, e.text) for e in case.entries] == [
        (0, "note", "before"),
        (1, "third_party", text),
    ]
    assert case.entries[1].about == {"who": text}
    assert case.entries[1].staff == mei.id.hex()


def test_too_much_is_refused(instance: Instance, built: BuiltCase, mei: Caseworker) -> None:
    with pytest.raises(TooLong):
        write_entry(instance.database, mei, built.reference, "note", "x" * (LONGEST_ENTRY + 1))


def test_who_does_not_have_a_case_writes_nothing_into_it(
    instance: Instance, built: BuiltCase, jo: Caseworker, kit: Caseworker
) -> None:
    with pytest.raises(NotYours):
        write_entry(instance.database, jo, built.reference, "note", "x")
    claim_case(instance.database, jo, built.reference)
    with pytest.raises(NotYours):
        write_entry(instance.database, kit, built.reference, "note", "x")


def test_neither_the_database_nor_the_keys_of_the_intake_give_a_note_away(
    instance: Instance, built: BuiltCase, mei: Caseworker
) -> None:
    write_entry(instance.database, mei, built.reference, "note", CANARY)
    instance.keys.epoch_today(NOW)
    with instance.database.reading() as connection:
        locked = connection.execute(select(entries.c.locked)).scalar_one()
        logged = str(list(audit.entries(connection)))
    assert CANARY.encode() not in locked
    assert CANARY not in logged
    for file in instance.keys.path.iterdir():
        with pytest.raises(CannotOpen):
            open_sealed(bytes.fromhex(file.read_text()), locked, "entry", 1, built.id, 0, b"")


@pytest.mark.parametrize("harm", ["alter", "drop", "swap", "add", "duplicate"])
def test_notes_that_were_altered_dropped_or_moved_are_noticed(
    instance: Instance, built: BuiltCase, mei: Caseworker, harm: str
) -> None:
    for text in ("one", "two", "three"):
        write_entry(instance.database, mei, built.reference, "note", text)
    with instance.database.transaction() as connection:
        found = connection.execute(select(entries).order_by(entries.c.number)).all()
        match harm:
            case "alter":
                altered = found[1].locked[:-1] + bytes([found[1].locked[-1] ^ 1])
                connection.execute(update(entries).where(entries.c.number == 1).values(locked=altered))
            case "drop":
                connection.execute(delete(entries).where(entries.c.number == 1))
            case "swap":
                for number, other in ((0, 1), (1, 0)):
                    values = {"locked": found[other].locked}
                    connection.execute(update(entries).where(entries.c.number == number).values(values))
            case "add":
                values = {"case_id": built.id, "number": 3, "locked": digest(b"x") * 9}
                connection.execute(insert(entries).values(values))
            case "duplicate":
                values = {"case_id": built.id, "number": 3, "locked": found[2].locked}
                connection.execute(insert(entries).values(values))
    with pytest.raises(CaseDamaged) as damaged:
        open_case(instance.database, instance.keys, mei, built.reference)
    assert damaged.value.check == "entries"


def test_two_who_write_at_once_both_stand_in_the_case(
    instance: Instance, built: BuiltCase, mei: Caseworker, open_database: Callable[[], Database]
) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(
            pool.map(lambda n: write_entry(open_database(), mei, built.reference, "note", str(n)), range(12))
        )
    case = open_case(instance.database, instance.keys, mei, built.reference)
    assert sorted(int(entry.text) for entry in case.entries) == list(range(12))


def test_a_page_that_looks_again_is_part_of_one_opening(
    instance: Instance, built: BuiltCase, mei: Caseworker, jo: Caseworker
) -> None:
    open_case(instance.database, instance.keys, jo, built.reference)
    for _ in range(3):
        open_case(instance.database, instance.keys, mei, built.reference, follows=True)
    openings = [who for event, who, _ in told(instance, built) if event == "case_opened"]
    assert openings == [jo.id.hex(), mei.id.hex()]
