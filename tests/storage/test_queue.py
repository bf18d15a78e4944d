"""The queue: in the right order, page by page, opened for those who read, and by an index however many wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, insert, select, update

from storage import audit
from storage.cases import open_case
from storage.casework import claim_case, close_case, set_due
from storage.days import day_of
from storage.errors import CaseNotFound, NotAllowed
from storage.finding import Wanted
from storage.linkwork import change_links
from storage.queue import QueuePage, count_cases, find_reference, held_by, queue_page
from storage.schema import cases, links, manifests, staff
from storage.sealing import new_id
from storage.staff import Caseworker
from storage.staffing import disable_staff
from tests.storage.building import NOW, BuiltCase, Instance

TODAY = NOW.date()
WHOLE_TABLE = re.compile(r"(?:\bSCAN|Seq Scan on) (?:cases|links|manifests)(?! USING)")


Page = Callable[..., QueuePage]


@pytest.fixture
def page(instance: Instance, mei: Caseworker) -> Page:
    """Looks at the queue."""

    def look(*, by: Caseworker = mei, after: str | None = None, limit: int = 50, **wanted: Any) -> QueuePage:
        unless = wanted.pop("unless", None)
        return queue_page(
            instance.database, instance.keys, by, Wanted(**wanted), after, limit, unless, today=TODAY
        )

    return look


def references(found: QueuePage) -> list[str]:
    assert found.rows is not None
    return [row.reference for row in found.rows]


def built(
    instance: Instance, reference: str, priority: str = "normal", days: int = 0, **more: Any
) -> BuiltCase:
    at = NOW - timedelta(days=days)
    return BuiltCase(instance, reference).submit([], priority=priority, at=at, **more)


def test_raised_comes_first_then_the_urgent_then_those_who_waited_longest(
    instance: Instance, page: Page
) -> None:
    built(instance, "TD-NEW2", "normal", 1)
    built(instance, "TD-PLD2", "normal", 9)
    built(instance, "TD-URG2", "urgent", 0)
    built(instance, "TD-HGH2", "high", 3)
    built(instance, "TD-RSD2", "normal", 0, raised=True)
    built(instance, "TD-RSU2", "urgent", 0, raised=True)
    found = ["TD-RSU2", "TD-RSD2", "TD-URG2", "TD-HGH2", "TD-PLD2", "TD-NEW2"]
    assert references(page()) == found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_page_by_page_each_case_comes_once(instance: Instance, page: Page, limit: int) -> None:
    made = set()
    for n, sign in enumerate("ABCDEFGHJKMN"):
        built(instance, f"TD-{sign}222", ("urgent", "high", "normal")[n % 3], n // 4, raised=n % 5 == 0)
        made.add(f"TD-{sign}222")
    seen: list[str] = []
    after = None
    while True:
        found = page(after=after, limit=limit)
        seen += references(found)
        after = found.following
        if after is None:
            break
    assert len(seen) == len(made)
    assert set(seen) == made
    assert seen == references(page())


@pytest.mark.parametrize("after", ["", "x", "////", "W10", "WzksOSwiMDAiXQ", "é" * 300, "WzAsLTEsIjAwIl0"])
def test_a_place_that_is_none_is_the_beginning(instance: Instance, page: Page, after: str) -> None:
    built(instance, "TD-2345")
    assert references(page(after=after)) == ["TD-2345"]


def test_a_line_says_all_that_is_needed_before_a_case_is_opened(
    instance: Instance, page: Page, mei: Caseworker
) -> None:
    case = BuiltCase(instance).submit(
        [("name", "Canary")],
        ["other", "social_media", "other"],
        flags=("threatened",),
        priority="high",
        reason="threatened",
        language="zh_Hant_HK",
        channel="whatsapp",
    )
    claim_case(instance.database, mei, case.reference)
    set_due(instance.database, mei, case.reference, TODAY)
    (row,) = page().rows or ()
    assert (row.priority, row.reason, row.flags) == ("high", "threatened", ("threatened",))
    assert (row.language, row.channel, row.status) == ("zh_Hant_HK", "whatsapp", "claimed")
    assert (row.links, row.holder, row.due_on) == ({"new": 3}, "Mei", TODAY)
    assert (row.queued_on, row.submitted_at, row.damaged) == (TODAY, NOW, None)
    assert "Canary" not in repr(row)


def test_why_a_case_was_raised_is_said_and_what_came_since_shows(
    instance: Instance, page: Page, mei: Caseworker
) -> None:
    case = BuiltCase(instance).submit([], raised=True, raised_on=day_of(NOW))
    (row,) = page().rows or ()
    assert not row.unseen
    case.add([], flags=("human",))
    (row,) = page().rows or ()
    assert (row.flags, row.unseen, row.raised_on) == (("human",), True, TODAY)
    open_case(instance.database, instance.keys, mei, case.reference)
    (row,) = page().rows or ()
    assert not row.unseen


def test_a_damaged_case_is_listed_as_such_and_nothing_of_it_is_believed(
    instance: Instance, page: Page
) -> None:
    case = BuiltCase(instance).submit([], flags=("threatened",), reason="threatened")
    with instance.database.transaction() as connection:
        connection.execute(update(cases).values(priority="urgent"))
    (row,) = page().rows or ()
    assert (row.damaged, row.reason, row.flags) == ("label", None, ())
    with instance.database.transaction() as connection:
        connection.execute(delete(manifests).where(manifests.c.case_id == case.id))
    (row,) = page().rows or ()
    assert row.damaged == "manifest"


def test_filters_give_what_they_say(
    instance: Instance, page: Page, mei: Caseworker, monkeypatch: pytest.MonkeyPatch
) -> None:
    jo = instance.added("Jo", "intake", mei)
    built(instance, "TD-MNE2", "high", 2)
    built(instance, "TD-JPS2", "normal", 2, language="zh_Hant_HK")
    built(instance, "TD-WTE2", "normal", 2, channel="telegram")
    built(instance, "TD-TDY2", "urgent", 0)
    built(instance, "TD-CLD2")
    BuiltCase(instance, "TD-LNK2").submit([], ["other"], at=NOW)
    claim_case(instance.database, mei, "TD-MNE2")
    claim_case(instance.database, jo, "TD-JPS2")
    set_due(instance.database, mei, "TD-MNE2", TODAY - timedelta(days=1))
    set_due(instance.database, mei, "TD-JPS2", TODAY)
    close_case(instance.database, mei, "TD-CLD2", 90)

    assert references(page(holder=mei.id)) == ["TD-MNE2"]
    assert references(page(states="claimed")) == ["TD-MNE2", "TD-JPS2"]
    assert set(references(page(states="queued"))) == {"TD-TDY2", "TD-WTE2", "TD-LNK2"}
    assert references(page(states="closed")) == ["TD-CLD2"]
    assert references(page(language="zh_Hant_HK")) == ["TD-JPS2"]
    assert references(page(channel="telegram")) == ["TD-WTE2"]
    assert references(page(priority="urgent")) == ["TD-TDY2"]
    assert references(page(overdue=True)) == ["TD-MNE2"]
    assert references(page(link_status="new")) == ["TD-LNK2"]
    assert references(page(link_status="reported")) == []
    change_links(instance.database, mei, "TD-LNK2", [0], "reported")
    assert references(page(link_status="reported")) == ["TD-LNK2"]
    with monkeypatch.context() as patch:
        patch.setattr("storage.finding.MOST_COUNTED", 1)
        assert references(page(link_status="reported")) == ["TD-LNK2"]
    assert references(page(waiting_since=NOW - timedelta(days=1))) == ["TD-WTE2"]
    assert references(page(orphaned=True)) == []
    with instance.database.transaction() as connection:
        connection.execute(update(staff).where(staff.c.id == jo.id).values(role="auditor"))
    (row,) = page(orphaned=True).rows or ()
    assert (row.reference, row.orphaned) == ("TD-JPS2", True)
    with instance.database.transaction() as connection:
        connection.execute(update(staff).where(staff.c.id == jo.id).values(role="intake"))
    disable_staff(instance.database, "Jo", mei)
    (row,) = page(orphaned=True).rows or ()
    assert (row.reference, row.orphaned, row.holder) == ("TD-JPS2", True, "Jo")

    built(instance, "TD-NGT2")
    night = NOW + timedelta(hours=13)  # on the next day, by UTC
    assert references(page(waiting_since=night - timedelta(days=1))) == ["TD-WTE2"]
    counts = count_cases(instance.database, instance.keys, mei, TODAY, night - timedelta(days=1))
    assert counts.waiting_a_day == 1
    assert count_cases(instance.database, instance.keys, mei, TODAY, NOW).waiting_a_day > 1

    counts = count_cases(instance.database, instance.keys, mei, TODAY, NOW - timedelta(days=1))
    assert (counts.open, counts.mine, counts.overdue, counts.orphaned) == (6, 1, 1, 1)
    assert (counts.waiting_a_day, counts.raised) == (1, 0)
    assert held_by(instance.database) == {mei.id: 1, jo.id: 1}


def test_closed_cases_come_page_by_page_too(instance: Instance, page: Page, mei: Caseworker) -> None:
    for n, sign in enumerate("ABCDE"):
        built(instance, f"TD-{sign}222")
        close_case(instance.database, mei, f"TD-{sign}222", n)
    first = page(states="closed", limit=2)
    second = page(states="closed", limit=2, after=first.following)
    third = page(states="closed", limit=2, after=second.following)
    found = references(first) + references(second) + references(third)
    assert found == [f"TD-{sign}222" for sign in "EDCBA"]
    assert third.following is None


def test_looking_is_in_the_log_and_looking_again_without_a_change_is_not(
    instance: Instance, page: Page, mei: Caseworker
) -> None:
    case = built(instance, "TD-2345")

    def listed() -> int:
        with instance.database.reading() as connection:
            return sum(entry.event == "cases_listed" for entry in audit.entries(connection))

    first = page()
    again = page(unless=first.stamp)
    assert (again.rows, again.stamp, listed()) == (None, first.stamp, 1)
    case.add([])
    changed = page(unless=first.stamp)
    assert changed.rows is not None
    claim_case(instance.database, mei, "TD-2345")
    assert page(unless=changed.stamp).rows is not None
    assert listed() == 3


@pytest.mark.parametrize("role", ["key_holder", "auditor", "administrator"])
def test_who_reads_no_cases_sees_no_queue(instance: Instance, page: Page, mei: Caseworker, role: Any) -> None:
    built(instance, "TD-2345")
    other = instance.added("Other", role, mei)
    with pytest.raises(NotAllowed):
        page(by=other)
    with pytest.raises(NotAllowed):
        count_cases(instance.database, instance.keys, other)
    with pytest.raises(NotAllowed):
        find_reference(instance.database, other, "TD-2345")


def test_a_reference_is_found_as_it_is_typed(instance: Instance, mei: Caseworker) -> None:
    built(instance, "TD-2345")
    assert find_reference(instance.database, mei, " ｔｄ-2345") == "TD-2345"
    for nonsense in ("", "TD-9999", "\x00", "%", "x" * 5_000):
        with pytest.raises(CaseNotFound):
            find_reference(instance.database, mei, nonsense)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"states": "queued", "waiting_since": NOW - timedelta(days=28)},
        {"states": "closed"},
        {"states": "queued", "channel": "telegram"},
        {"holder": b"h" * 16},
        {"overdue": True},
        {"orphaned": True},
        {"link_status": "new"},
        {"link_status": "reported"},
        {"priority": "urgent", "language": "en", "raised": True},
    ],
    ids=str,
)
def test_a_page_is_found_by_an_index_however_many_cases_there_are(
    instance: Instance, page: Page, wanted: dict[str, Any]
) -> None:
    _fill(instance, 3_000)
    asked: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        if "FROM cases" in statement or "FROM links" in statement or "FROM manifests" in statement:
            asked.append((statement, values))

    event.listen(instance.database.engine, "before_cursor_execute", note)
    found = page(**wanted)
    page(**wanted, after=found.following)
    event.remove(instance.database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if instance.database.dialect == "sqlite" else "EXPLAIN "
    assert asked
    with instance.database.reading() as connection:
        for statement, values in asked:
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + statement, values))
            assert not WHOLE_TABLE.search(plan), f"{statement}\n{plan}"
            assert "ix_cases_queued" not in plan or instance.database.dialect != "sqlite"
            if not wanted and "ORDER BY cases" in statement:
                assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"priority": "high"},
        {"raised": True},
        {"overdue": True},
        {"holder": b"nobody"},
    ],
    ids=str,
)
def test_it_costs_the_same_however_many_cases_there_are(
    instance: Instance, mei: Caseworker, page: Page, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any]
) -> None:
    monkeypatch.setattr("storage.finding.MOST_COUNTED", 20)
    steps = [0]

    def count_steps() -> None:
        steps[0] += 1

    def cost(first: int, n: int) -> int:
        _fill(instance, n, first)
        page(**wanted)
        steps[0] = 0
        with instance.database.reading() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.set_progress_handler(count_steps, 10)
        page(**wanted)
        count_cases(instance.database, instance.keys, mei, TODAY, NOW - timedelta(days=1))
        raw.set_progress_handler(None, 0)
        return steps[0]

    few = cost(0, 300)
    assert few > 100
    assert cost(300, 2_700) < 1.2 * few


def _fill(instance: Instance, n: int, first: int = 0) -> None:
    """Add many cases that need not open."""
    one = BuiltCase(instance, f"TF-{first}").submit([], ["other"])
    with instance.database.transaction() as connection:
        connection.execute(update(links).values(status="reported"))
        row = dict(connection.execute(select(cases).where(cases.c.id == one.id)).mappings().one())
        manifest = dict(
            connection.execute(select(manifests).where(manifests.c.case_id == one.id)).mappings().one()
        )
        rows = [
            row
            | {
                "id": new_id(),
                "reference": f"TE-{number}",
                "state": ("queued", "claimed", "closed")[number % 3],
                "priority": ("urgent", "high", "normal")[number % 3],
                "queued_on": row["queued_on"] - number % 90,
                "due_on": number % 50 or None,
                "erase_at": 2**40 + number if number % 3 == 2 else None,
            }
            for number in range(first, first + n)
        ]
        connection.execute(insert(cases), rows)
        connection.execute(insert(manifests), [manifest | {"case_id": each["id"]} for each in rows])
        if instance.database.dialect == "postgresql":
            connection.exec_driver_sql("ANALYZE")
