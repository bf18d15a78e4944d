"""The page of a case: opened and logged, inert whatever was written, worked on by whoever has it, nothing lost."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as some
from sqlalchemy import delete, select, update

from desk.reading import told_answer
from storage.casebook import LONGEST_ENTRY
from storage.cases import open_case
from storage.casetelling import Case
from storage.casework import claim_case, hand_over
from storage.erasing import destroy_case
from storage.errors import StoreAway
from storage.schema import answers, audit, cases, entries, manifests, sessions
from tests.desk.conftest import Colleague, Enters, text
from tests.storage.building import PASSWORD, BuiltCase, Given, Instance

STORY = "佢話如果我唔返去\n  就會發俾我屋企人。<b>\u202e"
HERE = "/desk/cases/TD-2345"


@pytest.fixture
def built(instance: Instance) -> BuiltCase:
    consent = {"version": "2026-11-22.2", "language": "zh_Hant_HK", "at": "2026-11-22T03:00:00+00:00"}
    safety = {"times": ["evening"], "discreet_only": True, "text": "唔好打電話"}
    given: list[Given] = [
        ("consent", consent),
        ("whose", "self"),
        ("image_age", "yes"),
        ("name", "阿晴"),
        ("pronoun", None),
        ("contact_method", "whatsapp"),
        ("contact_detail", "+852 5555 0123"),
        ("contact_safety", safety),
        ("background", ["threatened"]),
        ("story", STORY, "add"),
    ]
    return BuiltCase(instance).submit(
        given, flags=("threatened",), priority="high", reason="many_links", language="zh_Hant_HK"
    )


def seen(instance: Instance) -> Case:
    return open_case(instance.database, instance.keys, instance.sign_in("Mei"), "TD-2345", follows=True)


def events(instance: Instance) -> list[str]:
    with instance.database.reading() as connection:
        return list(connection.scalars(select(audit.c.event).order_by(audit.c.number)))


def notes(instance: Instance) -> list[str]:
    return [
        entry.text for entry in seen(instance).entries if entry.kind in ("note", "contact", "third_party")
    ]


# ------------------------------------------------------------------ opening and reading


@pytest.mark.parametrize("file", ["code.salt", "desk-1.pub", "intake.key"])
def test_a_key_file_that_is_gone_loses_no_note_and_shuts_no_other_page(
    enters: Enters, instance: Instance, tmp_path: Path, file: str
) -> None:
    mei = enters("Mei", "supervisor")
    BuiltCase(instance).submit([])
    (instance.keys.path / file).rename(tmp_path / "gone")

    assert mei.post("/desk/cases/TD-2345/notes", text="the words of a note").status_code == 303

    assert [mei.get(f"/desk/{page}").status_code for page in ("people", "log", "me")] == [200] * 3
    answer = mei.get("/desk/cases/TD-2345")
    assert (answer.status_code, "The key files cannot be used just now" in text(answer)) == (503, True)
    (tmp_path / "gone").rename(instance.keys.path / file)
    assert "the words of a note" in text(mei.get("/desk/cases/TD-2345"))


@pytest.mark.parametrize("failure", [StoreAway("away"), KeyError("a defect of ours")])
def test_what_cannot_be_saved_just_now_is_given_back(
    enters: Enters, instance: Instance, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object) -> None:
        raise failure

    mei = enters("Mei", "supervisor")
    BuiltCase(instance).submit([])
    monkeypatch.setattr("desk.notes.write_entry", fail)

    answer = mei.post("/desk/cases/TD-2345/notes", text="the words\nof a note")

    assert answer.status_code in (500, 503)
    assert "the words\nof a note</textarea>" in text(answer)


def test_everything_stands_on_one_page_in_the_language_of_the_desk(mei: Colleague, built: BuiltCase) -> None:
    page = text(mei.get(HERE))
    for said in (
        "Safe to contact",
        "Evenings · Discreetly",
        "WhatsApp",
        "+852 5555 0123",
        "Somebody threatens them",
        "I was, or am being, threatened",
        "skipped",
        "Agreed to version 2026-11-22.2",
        "我們",
        "Submitted",
    ):
        assert said in page, said


def test_the_words_of_a_person_are_left_as_they_are_and_can_do_nothing(
    mei: Colleague, built: BuiltCase
) -> None:
    page = text(mei.get(HERE))
    told = re.search(
        r'<blockquote class="words" dir="auto" lang="zh-Hant-HK">([^<]*就會[^<]*)</blockquote>', page
    )
    assert told
    assert unescape(told[1]) == STORY


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "javascript:alert(1)",
    "=HYPERLINK(1)",
    "\u202egnp.exe\u2066",
    "\x00\x1b[31m\x7f",
    "\ud800",
    "長" * 10_000,
]


@pytest.mark.parametrize("wrote", HOSTILE)
def test_hostile_words_in_every_field_do_nothing(instance: Instance, mei: Colleague, wrote: str) -> None:
    link = {
        "url": f"https://a.example/{wrote}",
        "normalised": wrote,
        "host": wrote[:50],
        "platform": wrote[:20],
    }
    BuiltCase(instance).submit(
        [
            *(
                (name, wrote)
                for name in ("name", "pronoun", "contact_detail", "contact_method", "whose", wrote[:20])
            ),
            ("contact_safety", {"times": [wrote], "discreet_only": False, "text": wrote}),
            ("background", [wrote]),
            ("no_links", {"reason": wrote, "where": wrote}),
            ("consent", {"version": wrote, "language": wrote, "at": wrote}),
            ("links", [link], "add"),
        ],
        ["other"],
        flags=(wrote[:20],),
        reason=wrote[:20],
    )
    answer = mei.get(HERE)
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    assert page.count("<script") == page.count('<script src="/desk/static/')
    assert "<img" not in page
    assert "49" not in re.findall(r"<dd>\s*(\S+)", page)
    assert not re.search(r'(?:src|href|action)="(?!/desk/|#)', page)


@for_any(some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists))
def test_any_answer_can_be_told(value: Any) -> None:
    told_answer("story", value)
    told_answer("background", value)


def test_each_opening_is_in_the_log_before_anything_is_shown(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    mei.get(HERE)
    mei.get(HERE)
    assert events(instance).count("case_opened") == 2
    mei.get(f"{HERE}?done=noted")  # the page comes back after a form of its own
    assert events(instance).count("case_opened") == 2
    with instance.database.transaction() as connection:
        connection.execute(update(audit).where(audit.c.event == "case_opened").values(event="signed_in"))
    mei.get(f"{HERE}?done=noted")
    assert events(instance).count("case_opened") == 1


HARMS: list[tuple[str, Any]] = [
    ("label", update(cases).values(priority="urgent")),
    ("answers", delete(answers).where(answers.c.sequence == 3)),
    ("manifest", delete(manifests)),
    ("key", update(cases).values(sealed_key=b"x" * 90)),
    ("entries", update(entries).values(locked=b"x" * 90)),
]


@pytest.mark.parametrize(("check", "harm"), HARMS)
def test_of_a_case_that_is_not_what_was_submitted_nothing_is_shown(
    instance: Instance, mei: Colleague, built: BuiltCase, check: str, harm: Any
) -> None:
    mei.post(f"{HERE}/notes", text="a note")
    with instance.database.transaction() as connection:
        connection.execute(harm)
    answer = mei.get(HERE)
    page = text(answer)
    assert answer.status_code == 500
    assert 'class="incident" role="alert"' in page
    assert f"<code>{check}</code>" in page
    for hidden in ("阿晴", "Evenings", "a note", "5555"):
        assert hidden not in page


def test_links_of_a_case_with_a_child_are_shown_to_nobody(instance: Instance, mei: Colleague) -> None:
    link = {"url": "https://a.example/1", "normalised": "a", "host": "a.example", "platform": "other"}
    given = [
        ("image_age", "no"),
        ("links", [link], "add"),
        ("story", "see https://b.example/2 please", "add"),
    ]
    BuiltCase(instance).submit(given, ["other"], flags=("image_under_16",))  # type: ignore[arg-type]
    page = text(mei.get(HERE))
    assert "Given in spite of that: 2." in page
    assert "a.example" not in page
    assert "b.example" not in page
    ticked = ["answer-0", "answer-1", "answer-2", "link-0"]
    for copy in (
        mei.get(f"{HERE}/copy"),
        mei.post(f"{HERE}/copy", take=ticked, names="", act="look"),
        mei.post(f"{HERE}/copy", take=ticked, names="", act="html"),
        mei.post(f"{HERE}/copy", take=ticked, names="", act="json"),
        mei.get(f"{HERE}/talk"),
        mei.get(f"{HERE}/rights?field=story"),
        mei.get("/desk/queue"),
    ):
        assert copy.status_code == 200
        assert ".example" not in text(copy)


def test_what_came_since_stands_out_until_it_was_seen(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    mei.get(HERE)
    built.add([("contact_safety", {"times": ["weekend"], "discreet_only": False, "text": None})])
    page = text(mei.get(HERE))
    assert "changed later" in page
    assert "Corrected by them" in page
    assert 'class="tag ok">new' in page
    assert 'class="tag ok">new' not in text(mei.get(HERE))


# ------------------------------------------------------------------ whose it is


ACTS: list[tuple[str, dict[str, Any]]] = [
    ("release", {}),
    ("attend", {}),
    ("due", {"on": "2026-12-01"}),
    ("close", {}),
    ("reopen", {}),
    ("notes", {"text": "x"}),
    ("contacts", {"how": "sms", "outcome": "reached"}),
    ("links", {"link": "0", "status": "reported"}),
    ("links/undo", {"entry": "0"}),
]


@pytest.mark.parametrize(("act", "fields"), ACTS)
@pytest.mark.parametrize("whose", ["own", "another's", "nobody's"])
@pytest.mark.parametrize("role", ["intake", "supervisor"])
def test_only_whoever_has_a_case_or_all_cases_works_on_it(
    instance: Instance,
    enters: Enters,
    built: BuiltCase,
    act: str,
    fields: dict[str, Any],
    whose: str,
    role: Any,
) -> None:
    enters("Mei", "supervisor")
    colleague = enters("Jo", role)
    if whose != "nobody's":
        claim_case(instance.database, instance.sign_in("Jo" if whose == "own" else "Mei"), "TD-2345")
    before = events(instance)
    answer = colleague.post(f"{HERE}/{act}", **fields)
    # Opening a case that nobody has is allowed; undoing looks into it first.
    may = role == "supervisor" or whose == "own" or (whose == "nobody's" and act == "links/undo")
    assert answer.status_code == (303 if may else 403)
    if not may:
        assert events(instance) == before


def test_intake_reads_what_nobody_has_and_what_is_theirs(
    instance: Instance, mei: Colleague, jo: Colleague, built: BuiltCase
) -> None:
    page = text(jo.get(HERE))
    assert f'action="{HERE}/claim"' in page
    assert f'action="{HERE}/notes"' not in page
    claim_case(instance.database, instance.sign_in("Mei"), "TD-2345")
    answer = jo.get(HERE)
    assert answer.status_code == 403
    assert "阿晴" not in text(answer)
    assert jo.get(f"{HERE}/stamp").status_code == 403


def test_a_case_goes_from_hand_to_hand(
    instance: Instance, mei: Colleague, jo: Colleague, built: BuiltCase
) -> None:
    jo.post(f"{HERE}/claim")
    assert f'action="{HERE}/notes"' in text(jo.get(HERE))
    late = mei.post(f"{HERE}/claim")
    assert (late.status_code, "Jo has this case already." in text(late)) == (409, True)
    jo.post(f"{HERE}/hand-over", to=mei.id.hex())
    assert jo.get(HERE).status_code == 403
    mei.post(f"{HERE}/release")
    assert seen(instance).holder is None
    done = ["case_claimed", "case_handed_over", "case_released"]
    assert [event for event in events(instance) if event in done] == done


def test_closing_can_be_taken_back_and_pressing_twice_does_no_harm(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    mei.post(f"{HERE}/claim")
    assert [mei.post(f"{HERE}/close").status_code for _ in range(2)] == [303, 303]
    page = text(mei.get(HERE))
    assert "Closed. It is destroyed on" in page
    assert f'action="{HERE}/reopen"' in page
    mei.post(f"{HERE}/reopen")
    assert (seen(instance).status, seen(instance).holder) == ("claimed", "Mei")
    assert events(instance).count("case_closed") == 1


@pytest.mark.parametrize("on", ["2026-12-01", "", "tomorrow", "9999-99-99", "\x00"])
def test_a_day_is_a_day_or_none(instance: Instance, mei: Colleague, built: BuiltCase, on: str) -> None:
    answer = mei.post(f"{HERE}/due", on=on)
    fits = on in ("2026-12-01", "")
    assert answer.status_code == (303 if fits else 400)
    assert str(seen(instance).due_on) == (on or "None" if fits else "None")


def test_a_wish_for_somebody_sooner_is_attended_to(instance: Instance, mei: Colleague) -> None:
    BuiltCase(instance).submit([], raised=True)
    assert f'action="{HERE}/attend"' in text(mei.get(HERE))
    mei.post(f"{HERE}/attend")
    assert not seen(instance).raised


# ------------------------------------------------------------------ notes


def test_notes_and_contacts_stand_in_the_case_as_written(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    mei.post(f"{HERE}/notes", text="One\r\n\r\n<i>two</i>")
    mei.post(f"{HERE}/notes", text="Somebody", kind="third_party")
    mei.post(f"{HERE}/contacts", how="phone_call", outcome="somebody_else", text="")
    assert notes(instance) == ["One\n\n<i>two</i>", "Somebody", ""]
    page = text(mei.get(HERE))
    assert "Somebody else answered" in page
    assert "&lt;i&gt;two&lt;/i&gt;" in page


def test_one_form_sent_twice_is_one_note(instance: Instance, mei: Colleague, built: BuiltCase) -> None:
    for _ in range(2):
        mei.post(f"{HERE}/notes", text="once", once="a1b2")
    sent, secret = {"text": "together", "once": "c3d4", "csrf": mei.csrf()}, mei.secret()
    assert secret is not None

    def send(_: int) -> None:
        tab = Colleague(instance, mei.client.application.test_client())
        tab.take(secret)
        tab.client.post(f"{HERE}/notes", data=sent)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert notes(instance) == ["once", "together"]


@pytest.mark.parametrize("wrote", ["", "   \r\n "])
def test_nothing_written_is_nothing_kept(
    instance: Instance, mei: Colleague, built: BuiltCase, wrote: str
) -> None:
    mei.post(f"{HERE}/notes", text=wrote)
    assert notes(instance) == []


def test_a_note_that_came_too_late_comes_back_to_whoever_wrote_it(
    instance: Instance, mei: Colleague, jo: Colleague, built: BuiltCase
) -> None:
    jo.post(f"{HERE}/claim")
    hand_over(instance.database, instance.sign_in("Mei"), "TD-2345", mei.id)
    answer = jo.post(f"{HERE}/notes", text="a long\r\nnote <3")
    assert answer.status_code == 403
    assert "a long\r\nnote &lt;3</textarea>" in text(answer)
    assert "This case is not yours" in text(answer)


def test_a_note_that_is_too_long_comes_back(mei: Colleague, built: BuiltCase) -> None:
    answer = mei.post(f"{HERE}/notes", text="長" * (LONGEST_ENTRY + 1))
    assert answer.status_code == 413
    assert "長" * 100 in text(answer)


def test_a_note_is_kept_when_the_sign_in_ended_meanwhile(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    csrf = mei.csrf()
    with instance.database.transaction() as connection:
        earlier = int((datetime.now(UTC) - timedelta(minutes=16)).timestamp())
        connection.execute(update(sessions).values(seen_at=earlier))
    answer = mei.client.post(f"{HERE}/notes", data={"csrf": csrf, "text": "a secret note"})
    page = text(answer)
    assert answer.status_code == 401
    assert 'name="held"' in page
    assert "a secret note" not in page
    assert notes(instance) == []
    assert PASSWORD not in page


def test_a_case_that_was_erased_elsewhere_is_gone_everywhere(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    stamp = mei.get(f"{HERE}/stamp").headers["ETag"]
    assert mei.get(f"{HERE}/stamp", headers={"If-None-Match": stamp}).status_code == 304
    with instance.database.transaction() as connection:
        destroy_case(connection, built.id)
    assert mei.get(f"{HERE}/stamp").status_code == 404
    answer = mei.post(f"{HERE}/notes", text="to be taken along")
    assert answer.status_code == 404
    assert "It may have been erased." in text(answer)
    assert "to be taken along" in text(answer)
    assert mei.get(HERE).status_code == 404


def test_the_stamp_changes_with_everything_but_looking(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    def stamp() -> str:
        return mei.get(f"{HERE}/stamp").headers["ETag"]

    stamps = [stamp()]
    mei.get(HERE)
    assert stamp() == stamps[0]
    for act in (
        lambda: mei.post(f"{HERE}/claim"),
        lambda: mei.post(f"{HERE}/notes", text="x"),
        lambda: mei.post(f"{HERE}/due", on="2026-12-01"),
        lambda: built.add([("message", "hello", "add")]),
        lambda: mei.post(f"{HERE}/close"),
    ):
        act()
        stamps.append(stamp())
    assert len(set(stamps)) == len(stamps)


@pytest.mark.parametrize("reference", ["TD-9999", "%00", "..%2f..", "<script>", "x" * 2_000, "ＴＤ"])
def test_what_is_no_case_is_said_to_be_none(mei: Colleague, reference: str) -> None:
    for answer in (mei.get(f"/desk/cases/{reference}"), mei.post(f"/desk/cases/{reference}/claim")):
        assert answer.status_code == 404
        assert "<script>" not in text(answer)
