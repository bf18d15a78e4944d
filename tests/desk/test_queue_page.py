"""The queue at the desk: what a row says, views and filters, claiming together, and what changes by itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from desk.queue import VIEWS
from storage.casework import claim_case, set_due
from storage.days import day_of
from storage.errors import Taken
from storage.schema import audit, cases, sessions
from storage.staffing import disable_staff
from tests.desk.conftest import Colleague, text
from tests.storage.building import BuiltCase, Instance

CANARY = "Canary-<b>Yellow</b>"
REFERENCE = re.compile(r'data-ref="([^"]+)"')


def waits(instance: Instance, reference: str, hours: float = 1, **more: object) -> BuiltCase:
    at = datetime.now(UTC) - timedelta(hours=hours)
    given = [("name", CANARY), ("story", CANARY)]
    return BuiltCase(instance, reference).submit(given, at=at, **more)  # type: ignore[arg-type]


def listed(page: str) -> list[str]:
    return REFERENCE.findall(page)


def events(instance: Instance) -> list[str]:
    with instance.database.reading() as connection:
        return list(connection.scalars(select(audit.c.event).order_by(audit.c.number)))


def test_a_row_says_what_is_needed_and_nothing_that_was_written(instance: Instance, mei: Colleague) -> None:
    waits(
        instance,
        "TD-2345",
        30,
        flags=("threatened",),
        priority="high",
        reason="many_links",
        language="zh_Hant_HK",
    )
    page = text(mei.get("/desk/queue"))
    for said in ("TD-2345", "High", "many links", "threatened", "中文", "Web", "1 day", "over 24 h", "Claim"):
        assert said in page
    assert "Canary" not in page
    assert "case_opened" not in events(instance)


def test_ids_nobody_has_words_for_are_shown_as_they_are(instance: Instance, mei: Colleague) -> None:
    waits(instance, "TD-2345", flags=("<later>",), reason="later_rule", channel="pigeon")
    page = text(mei.get("/desk/queue"))
    assert "&lt;later&gt;" in page
    assert "later_rule" in page
    assert "pigeon" in page


def test_a_damaged_case_stands_out(instance: Instance, mei: Colleague) -> None:
    waits(instance, "TD-2345", flags=("threatened",))
    with instance.database.transaction() as connection:
        connection.execute(update(cases).values(priority="urgent"))
    page = text(mei.get("/desk/queue"))
    assert "damaged: do not trust" in page


def test_views_and_filters_give_what_they_say(instance: Instance, mei: Colleague, jo: Colleague) -> None:
    waits(instance, "TD-MNE2")
    waits(instance, "TD-JJJ2", 50, language="zh_Hant_HK")
    today = day_of(
        datetime.now(UTC)
    )  # what waits is counted in days, and in the small hours this one began yesterday
    waits(instance, "TD-RSD2", raised=True, raised_on=today, queued_on=today)
    waits(instance, "TD-XLD2", 100, channel="telegram")
    me = instance.sign_in("Mei")
    claim_case(instance.database, me, "TD-MNE2")
    set_due(instance.database, me, "TD-MNE2", datetime.now(UTC).date() - timedelta(days=3))
    claim_case(instance.database, instance.sign_in("Jo"), "TD-JJJ2")
    expected = {
        "": ["TD-RSD2", "TD-XLD2", "TD-JJJ2", "TD-MNE2"],
        "view=mine": ["TD-MNE2"],
        "view=unclaimed": ["TD-RSD2", "TD-XLD2"],
        "view=raised": ["TD-RSD2"],
        "view=overdue": ["TD-MNE2"],
        "view=waiting": ["TD-XLD2"],
        "view=stuck": [],
        "view=closed": [],
        "view=nonsense": ["TD-RSD2", "TD-XLD2", "TD-JJJ2", "TD-MNE2"],
        "language=zh_Hant_HK": ["TD-JJJ2"],
        "channel=telegram": ["TD-XLD2"],
        "channel=%00": ["TD-RSD2", "TD-XLD2", "TD-JJJ2", "TD-MNE2"],
        f"holder={jo.id.hex()}": ["TD-JJJ2"],
        "priority=urgent": [],
        "view=unclaimed&channel=telegram": ["TD-XLD2"],
    }
    for query, found in expected.items():
        assert sorted(listed(text(mei.get(f"/desk/queue?{query}")))) == sorted(found), query


def test_what_a_leaver_had_is_listed_as_stuck_and_moved_by_ticking(
    instance: Instance, mei: Colleague, jo: Colleague
) -> None:
    for reference in ("TD-2345", "TD-6789"):
        waits(instance, reference)
        claim_case(instance.database, instance.sign_in("Jo"), reference)
    disable_staff(instance.database, "Jo", instance.sign_in("Mei"))
    assert sorted(listed(text(mei.get("/desk/queue?view=stuck")))) == ["TD-2345", "TD-6789"]
    answer = mei.post("/desk/queue/hand-over", case=["TD-2345", "TD-6789"], to=mei.id.hex())
    assert answer.headers["Location"] == "/desk/queue?done=handed_over"
    assert sorted(listed(text(mei.get("/desk/queue?view=mine")))) == ["TD-2345", "TD-6789"]


def test_page_by_page_each_case_comes_once(instance: Instance, mei: Colleague) -> None:
    signs = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    made = {f"TD-{a}{b}22" for a in signs[:2] for b in signs}
    for reference in made:
        BuiltCase(instance, reference).submit([])
    first = text(mei.get("/desk/queue"))
    following = re.search(r'rel="next" data-key="n" href="([^"]+)"', first)
    assert following
    second = text(mei.get(following[1].replace("&amp;", "&")))
    assert len(listed(first)) == 50
    assert {*listed(first), *listed(second)} == made
    assert 'rel="next"' not in second


@pytest.mark.parametrize("typed", ["TD-2345", "td-2345", " ＴＤ－２３４５ "])
def test_a_reference_is_found_however_it_was_typed(instance: Instance, mei: Colleague, typed: str) -> None:
    waits(instance, "TD-2345")
    answer = mei.get("/desk/queue", query_string={"q": typed})
    assert answer.headers["Location"] == "/desk/cases/TD-2345"


@pytest.mark.parametrize("typed", ["TD-9999", "\x00", "../..", "<script>", "a" * 3_000])
def test_what_is_no_reference_is_said_to_be_none(mei: Colleague, typed: str) -> None:
    answer = mei.get("/desk/queue", query_string={"q": typed})
    assert answer.status_code == 404
    assert "There is no case with this reference" in text(answer)
    assert "<script>" not in text(answer)


# ------------------------------------------------------------------ claiming


def test_of_two_who_claim_one_has_it_and_the_other_is_told_who(
    instance: Instance, mei: Colleague, jo: Colleague
) -> None:
    waits(instance, "TD-2345")
    assert jo.post("/desk/queue/claim", one="TD-2345").status_code == 303
    late = mei.post("/desk/queue/claim", one="TD-2345")
    assert late.status_code == 409
    assert "TD-2345: Jo has this case already." in text(late)


def test_pressing_claim_twice_claims_once(instance: Instance, jo: Colleague) -> None:
    waits(instance, "TD-2345")
    answers = [jo.post("/desk/queue/claim", one="TD-2345").status_code for _ in range(2)]
    assert answers == [303, 303]
    assert events(instance).count("case_claimed") == 1


def test_a_button_of_a_row_leaves_alone_what_is_ticked(instance: Instance, jo: Colleague) -> None:
    for reference in ("TD-2345", "TD-6789"):
        waits(instance, reference)
    jo.post("/desk/queue/claim", one="TD-2345", case=["TD-6789"])
    assert listed(text(jo.get("/desk/queue?view=mine"))) == ["TD-2345"]


def test_of_several_those_that_cannot_be_are_named_and_the_rest_is_done(
    instance: Instance, mei: Colleague, jo: Colleague
) -> None:
    for reference in ("TD-2345", "TD-6789"):
        waits(instance, reference)
    mei.post("/desk/queue/claim", one="TD-2345")
    answer = jo.post("/desk/queue/claim", case=["TD-2345", "TD-6789", "TD-9999"])
    assert "TD-2345: Mei has this case already." in text(answer)
    assert "TD-9999: There is no case" in text(answer)
    assert listed(text(jo.get("/desk/queue?view=mine"))) == ["TD-6789"]


def test_nothing_ticked_changes_nothing_and_says_so(jo: Colleague) -> None:
    for fields in ({}, {"one": "", "case": "TD-2345"}):
        answer = jo.post("/desk/queue/claim", **fields)  # type: ignore[arg-type]
        assert answer.status_code == 400
        assert "Nothing was chosen" in text(answer)


def test_intake_gives_away_its_own_cases_alone(instance: Instance, mei: Colleague, jo: Colleague) -> None:
    for reference in ("TD-2345", "TD-6789"):
        waits(instance, reference)
    jo.post("/desk/queue/claim", one="TD-2345")
    answer = jo.post("/desk/queue/hand-over", case=["TD-2345", "TD-6789"], to=mei.id.hex())
    assert "TD-6789: This case is not yours." in text(answer)
    assert listed(text(mei.get("/desk/queue?view=mine"))) == ["TD-2345"]
    assert jo.post("/desk/queue/release", case=["TD-6789"]).status_code == 403
    assert jo.post("/desk/queue/hand-over", case=["TD-6789"], to="00").status_code == 404


def test_two_hundred_claims_at_once_have_one_winner_each(
    instance: Instance, mei: Colleague, jo: Colleague
) -> None:
    wanted = [f"TD-{a}{b}22" for a in "ABCDE" for b in "FGHJ"]
    for reference in wanted:
        BuiltCase(instance, reference).submit([])
    colleagues = [instance.sign_in("Mei"), instance.sign_in("Jo")]
    told: list[tuple[str, str]] = []

    def claims(n: int) -> None:
        reference, who = wanted[n % 20], colleagues[n // 20 % 2]
        try:
            claim_case(instance.database, who, reference)
            told.append((reference, who.name))
        except Taken as taken:
            told.append((reference, taken.name or "nobody"))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(claims, range(200)))
    assert len(told) == 200
    assert len(set(told)) == 20  # everybody was told the same name of each case
    assert events(instance).count("case_claimed") == 20


# ------------------------------------------------------------------ changing by itself


def stamp_of(page: str) -> str:
    found = re.search(r'data-stamp="([^"]+)"', page)
    assert found
    return found[1]


def test_what_waited_a_day_or_is_overdue_is_told_above_every_view_and_in_the_title(
    instance: Instance, mei: Colleague
) -> None:
    now = datetime.now(UTC)
    BuiltCase(instance, "TD-2345").submit([], at=now)
    assert "<title>Queue</title>" in text(mei.get("/desk/queue"))
    BuiltCase(instance, "TD-6789").submit([], at=now - timedelta(hours=50))
    claimed: dict[str, Any] = {"state": "claimed", "claimed_by": mei.id, "due_on": day_of(now) - 2}
    BuiltCase(instance, "TD-ABCD").submit([], at=now - timedelta(hours=50), **claimed)
    for path in ("/desk/queue", "/desk/queue?view=mine", "/desk/queue/rows?view=mine"):
        page = text(mei.get(path))
        assert "(1) Queue" in page
        assert "Waited over a day, and nobody has taken them up: 1" in page
        assert "To be done before today: 1" in page
    assert text(mei.get("/desk/queue")).index("TD-6789") < text(mei.get("/desk/queue")).index("TD-2345")
    assert "nobody has taken them up" not in text(mei.get("/desk/queue?view=waiting"))


def test_looking_again_costs_no_line_in_the_log_until_something_changed(
    instance: Instance, mei: Colleague
) -> None:
    waits(instance, "TD-2345")
    stamp = stamp_of(text(mei.get("/desk/queue")))
    before = events(instance)
    again = mei.get("/desk/queue/rows", headers={"If-None-Match": f'"{stamp}"'})
    assert (again.status_code, again.data, events(instance)) == (304, b"", before)
    waits(instance, "TD-6789")
    news = mei.get("/desk/queue/rows", headers={"If-None-Match": f'"{stamp}"'})
    assert news.status_code == 200
    assert sorted(listed(text(news))) == ["TD-2345", "TD-6789"]
    assert "<html" not in text(news)
    settled = mei.get("/desk/queue/rows", headers={"If-None-Match": news.headers["ETag"]})
    assert settled.status_code == 304


def test_where_only_a_count_changed_the_rows_stay(instance: Instance, mei: Colleague) -> None:
    waits(instance, "TD-2345")
    stamp = stamp_of(text(mei.get("/desk/queue?view=mine")))
    waits(instance, "TD-6789")
    news = text(mei.get("/desk/queue/rows?view=mine", headers={"If-None-Match": f'"{stamp}"'}))
    assert 'id="views"' in news
    assert 'id="list"' not in news


@pytest.mark.parametrize("stamp", ["", "x", '"."', "é", '"' * 5_000])
def test_a_stamp_that_is_none_gets_everything(instance: Instance, mei: Colleague, stamp: str) -> None:
    waits(instance, "TD-2345")
    news = mei.get("/desk/queue/rows", headers={"If-None-Match": stamp})
    assert listed(text(news)) == ["TD-2345"]


def test_a_page_that_asks_by_itself_keeps_nobody_signed_in(mei: Colleague) -> None:
    with mei.instance.database.transaction() as connection:
        earlier = int((datetime.now(UTC) - timedelta(minutes=14)).timestamp())
        connection.execute(update(sessions).values(seen_at=earlier))
    mei.get("/desk/queue/rows")
    with mei.instance.database.reading() as connection:
        seen = connection.execute(
            select(func.max(sessions.c.seen_at)).where(sessions.c.staff_id == mei.id)
        ).scalar_one()
    assert seen == earlier


def test_a_part_that_is_asked_for_after_signing_out_leads_to_signing_in(mei: Colleague) -> None:
    mei.post("/desk/sign-out")
    answer = mei.get("/desk/queue/rows", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/desk/sign-in")


def test_every_view_can_be_had_in_both_languages(instance: Instance, mei: Colleague) -> None:
    waits(instance, "TD-2345")
    for language in ("en", "zh_Hant_HK"):
        mei.get(f"/desk/language/{language}")
        for view in VIEWS:
            assert mei.get(f"/desk/queue?view={view}").status_code == 200
