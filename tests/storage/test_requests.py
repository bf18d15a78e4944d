"""What people ask for of their data, on both databases: the clock, the refusal, erasing by two, what survives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from flows.vocabulary import Raised
from storage import audit
from storage.asking import DUE_DAYS
from storage.cases import open_case
from storage.casework import hand_over
from storage.correcting import correct_answer, note_release, read_value
from storage.days import day_of
from storage.erasing import SCRUB, EraseJournal
from storage.erasure import confirm_erasing, list_erasures, propose_erasing, withdraw_erasing
from storage.errors import CaseNotFound, NotAllowed, NotYours, RequestNotFound, SamePerson, TooLong
from storage.letters import send_letter
from storage.replies import list_replies, remove_reply, save_reply
from storage.requests import (
    REFUSALS_KEPT,
    add_request,
    list_refusals,
    open_requests,
    refuse_request,
)
from storage.retention import purge
from storage.schema import erasures, later_work, refusals, requests
from storage.staff import Caseworker
from tests.storage.building import Instance
from tests.storage.talking import NOW, Person, intake_of, rows

TODAY = NOW.date()


@pytest.fixture
def kay(instance: Instance, mei: Caseworker) -> Caseworker:
    return instance.added("Kay", "supervisor", mei)


@pytest.fixture
def person(instance: Instance) -> Person:
    return Person(intake_of(instance), channel="telegram").drafts().submits(linked=True)


def test_what_is_asked_for_in_the_chat_has_a_clock_and_asking_twice_is_asking_once(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    person.records(Raised("copy")).waits(days=3).records(Raised("copy"), Raised("erase"), Raised("human"))
    copy, erase = open_requests(instance.database, mei, TODAY)
    assert (copy.kind, copy.asked_on, copy.due_on) == ("copy", TODAY, TODAY + timedelta(days=DUE_DAYS))
    assert (erase.kind, erase.asked_on) == ("erase", TODAY + timedelta(days=3))
    case = open_case(instance.database, instance.keys, mei, person.reference)
    assert {"copy", "erase", "human"} <= set(case.flags)
    assert case.raised


@pytest.mark.parametrize(("days", "stage"), [(19, 0), (20, 1), (30, 2), (35, 3), (40, 3), (41, 4)])
def test_it_stands_out_more_and_more(
    instance: Instance, mei: Caseworker, person: Person, days: int, stage: int
) -> None:
    person.records(Raised("copy"))
    (asked,) = open_requests(instance.database, mei, TODAY + timedelta(days=days))
    assert (asked.days_left, asked.stage) == (40 - days, stage)


def test_each_sees_the_requests_of_cases_they_may_open(
    instance: Instance, mei: Caseworker, person: Person
) -> None:
    jo, au = instance.added("Jo", "intake", mei), instance.added("Au", "auditor", mei)
    add_request(instance.database, mei, person.reference, "correct", date(2099, 1, 1))
    (asked,) = open_requests(instance.database, jo)
    assert asked.asked_on == datetime.now(UTC).date()
    with pytest.raises(NotYours):
        add_request(instance.database, jo, person.reference, "copy", TODAY)
    with pytest.raises(NotAllowed):
        open_requests(instance.database, au)
    correct_answer(instance.database, mei, person.reference, "name", "Kai", "", once="o")
    correct_answer(instance.database, mei, person.reference, "name", "Kay", "", once="o")
    assert open_requests(instance.database, jo) == []
    assert open_case(instance.database, instance.keys, mei, person.reference).fields["name"] == "Kai"
    add_request(instance.database, mei, person.reference, "copy", TODAY)
    note_release(instance.database, mei, person.reference, 2)
    assert open_requests(instance.database, mei) == []


def test_words_of_a_correction_have_a_length() -> None:
    with pytest.raises(TooLong):
        read_value("story", [], "x" * 4_001)


def test_a_refusal_is_kept_for_four_years_and_survives_its_case(
    instance: Instance, mei: Caseworker, kay: Caseworker, person: Person
) -> None:
    person.records(Raised("copy"))
    (asked,) = open_requests(instance.database, mei)
    wanted = bytes.fromhex(asked.id)
    with pytest.raises(ValueError, match="reason"):
        refuse_request(instance.database, mei, person.reference, wanted, "because", "x")
    refuse_request(instance.database, mei, person.reference, wanted, "identity", "canary-why")
    with pytest.raises(RequestNotFound):
        refuse_request(instance.database, mei, person.reference, wanted, "identity", "x")
    assert open_case(instance.database, instance.keys, mei, person.reference).entries[-1].text == "canary-why"
    propose_erasing(instance.database, mei, person.reference, "asked")
    confirm_erasing(instance.database, kay, person.reference, instance.keys.path.parent / "erased")
    (kept,) = list_refusals(instance.database, mei)
    assert (kept.kind, kept.reason, kept.staff) == ("copy", "identity", mei.id)
    four_years = timedelta(days=4 * 365 + 1)
    with instance.database.reading() as connection:
        until = connection.execute(select(refusals.c.erase_at)).scalar_one()
    assert (
        timedelta(0)
        <= datetime.now(UTC) + four_years - datetime.fromtimestamp(until, UTC)
        < timedelta(minutes=1)
    )
    with instance.database.transaction() as connection:
        connection.execute(update(refusals).values(erase_at=int((NOW + REFUSALS_KEPT).timestamp())))
    purge(instance.database, instance.keys, NOW + REFUSALS_KEPT - timedelta(seconds=1))
    assert list_refusals(instance.database, mei)
    purge(instance.database, instance.keys, NOW + REFUSALS_KEPT)
    assert list_refusals(instance.database, mei) == []


def test_two_people_erase_a_case_and_a_receipt_of_nobodys_data_is_left(
    instance: Instance, mei: Caseworker, kay: Caseworker, person: Person
) -> None:
    journal = instance.keys.path.parent / "erased"
    send_letter(instance.database, mei, person.reference, "something")
    with pytest.raises(RequestNotFound):
        confirm_erasing(instance.database, kay, person.reference, journal)
    with pytest.raises(ValueError, match="reason"):
        propose_erasing(instance.database, mei, person.reference, "she wrote that …")
    propose_erasing(instance.database, mei, person.reference, "consent_withdrawn")
    with pytest.raises(SamePerson):
        confirm_erasing(instance.database, mei, person.reference, journal)
    jo = instance.added("Jo", "intake", mei)
    with pytest.raises(NotYours):
        confirm_erasing(instance.database, jo, person.reference, journal)
    hand_over(instance.database, mei, person.reference, jo.id)
    with pytest.raises(NotAllowed) as refused:  # not even who has the case
        confirm_erasing(instance.database, jo, person.reference, journal)
    assert refused.type is NotAllowed
    withdraw_erasing(instance.database, kay, person.reference)
    with pytest.raises(RequestNotFound):
        confirm_erasing(instance.database, kay, person.reference, journal)
    propose_erasing(instance.database, mei, person.reference, "consent_withdrawn")
    receipt = confirm_erasing(instance.database, kay, person.reference, journal)
    assert (receipt.reason, receipt.proposed_by, receipt.confirmed_by) == ("consent_withdrawn", "Mei", "Kay")
    assert list_erasures(instance.database, mei) == [receipt]
    assert person.reference not in str(receipt)
    with pytest.raises(CaseNotFound):
        open_case(instance.database, instance.keys, mei, person.reference)
    assert rows(instance.database).keys() <= {"marks", "later_work", "erasures"}
    assert len(EraseJournal(journal).marks()) == 1
    with instance.database.reading() as connection:
        assert [entry.event for entry in audit.entries(connection)][-1] == "case_erased"
        assert connection.execute(select(requests)).all() == []
        # The bytes are gone from the files too when the page says so: nothing waits to be scrubbed.
        assert SCRUB not in connection.scalars(select(later_work.c.kind)).all()
        (row,) = connection.execute(select(erasures))
    assert row.erased_on == day_of(datetime.now(UTC))


def test_saved_replies_are_the_organisations(instance: Instance, mei: Caseworker) -> None:
    jo = instance.added("Jo", "intake", mei)
    save_reply(instance.database, mei, " Received ", "We have it.", "我們收到了。")
    save_reply(instance.database, mei, "Received", "We have it now.", "我們已經收到。")
    (saved,) = list_replies(instance.database)
    assert (saved.name, saved.text("en"), saved.text("zh_Hant_HK")) == (
        "Received",
        "We have it now.",
        "我們已經收到。",
    )
    with pytest.raises(NotAllowed):
        save_reply(instance.database, jo, "x", "y", "z")
    with pytest.raises(NotAllowed):
        remove_reply(instance.database, jo, bytes.fromhex(saved.id))
    with pytest.raises(TooLong):
        save_reply(instance.database, mei, "x", "y" * 4_001, "z")
    remove_reply(instance.database, mei, bytes.fromhex(saved.id))
    remove_reply(instance.database, mei, bytes.fromhex(saved.id))
    assert list_replies(instance.database) == []
