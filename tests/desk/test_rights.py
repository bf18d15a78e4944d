"""What people may ask for of their data, at the desk: a copy, a correction, erasing by two, refusing."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from desk.copying import BLACKED, Item, hiding, released
from storage.casebook import write_entry
from storage.cases import open_case
from storage.erasing import EraseJournal
from storage.schema import requests
from tests.desk.conftest import Colleague, Enters, text
from tests.storage.building import BuiltCase, Given, Instance

HERE = "/desk/cases/TD-2345"
STORY = "Peter Chan did it. PETER CHAN <script>x</script>"


@pytest.fixture
def built(instance: Instance) -> BuiltCase:
    given: list[Given] = [("name", "Kit"), ("story", STORY, "add"), ("relationship", "intimate_partner")]
    return BuiltCase(instance).submit(given, at=datetime.now(UTC))


def fields_of(instance: Instance) -> dict[str, object]:
    return open_case(instance.database, instance.keys, instance.sign_in("Mei"), "TD-2345").fields


def test_a_request_is_listed_with_its_day_and_stands_out(
    mei: Colleague, built: BuiltCase, instance: Instance
) -> None:
    assert "No open requests" in text(mei.get("/desk/requests"))
    mei.post(f"{HERE}/requests", kind="copy")
    mei.post(f"{HERE}/requests", kind="copy")
    page = text(mei.get("/desk/requests"))
    assert page.count("TD-2345</a>") == 1
    assert "40 days left" in page
    with instance.database.transaction() as connection:
        connection.execute(update(requests).values(due_on=requests.c.due_on - 41))
    assert "1 day overdue" in text(mei.get("/desk/requests"))
    assert ">1</span>" in text(mei.get(HERE))
    assert mei.post(f"{HERE}/requests", kind="whatever").status_code == 400


def test_a_refusal_is_in_the_log_of_refusals_and_its_words_in_the_case_alone(
    mei: Colleague, built: BuiltCase, enters: Enters
) -> None:
    mei.post(f"{HERE}/requests", kind="copy", on=str(date(2026, 1, 2)))
    found = re.search(r'name="request" value="([0-9a-f]+)"', text(mei.get(f"{HERE}/rights")))
    assert found
    refused: dict[str, Any] = {"request": found[1], "reason": "identity", "text": "canary-why"}
    assert mei.post(f"{HERE}/requests/refuse", **refused | {"reason": "x"}).status_code == 400
    assert mei.post(f"{HERE}/requests/refuse", **refused).status_code == 303
    assert mei.post(f"{HERE}/requests/refuse", **refused).status_code == 409
    page = text(enters("Au", "auditor").get("/desk/receipts"))
    assert "They have not shown who they are" in page
    assert "canary-why" not in page
    assert "canary-why" in text(mei.get(HERE))
    assert "No open requests" in text(mei.get("/desk/requests"))


def test_a_copy_is_looked_through_before_it_is_given(
    mei: Colleague, built: BuiltCase, instance: Instance
) -> None:
    jo = instance.sign_in("Mei")
    write_entry(instance.database, jo, "TD-2345", "third_party", "her sister Ann")
    mei.post(f"{HERE}/requests", kind="copy")
    page = text(mei.get(f"{HERE}/copy"))
    ticked = re.findall(r'name="take" value="([\w-]+)" checked', page)
    assert "her sister Ann" in page
    assert "entry-0" not in ticked
    look = text(mei.post(f"{HERE}/copy", take=ticked, names="Peter Chan\n\nKit", act="look"))
    shown = look.partition('id="preview"')[2]
    assert BLACKED in shown
    assert "Ann" not in shown
    assert "Peter" not in shown
    assert "1" in text(mei.get(HERE))
    given = mei.post(f"{HERE}/copy", take=ticked, names="Peter Chan", act="html")
    assert given.headers["Content-Disposition"] == "attachment; filename=copy.html"
    written = text(given)
    assert "&lt;script&gt;x" in written
    assert "Partner or former partner" in written
    assert not re.search("peter|her sister|<script", written, re.IGNORECASE)
    assert "No open requests" in text(mei.get("/desk/requests"))
    program = mei.post(f"{HERE}/copy", take=ticked, names="", act="json")
    assert program.mimetype == "application/json"
    assert STORY in [item["text"] for item in json.loads(text(program))["items"]]


def test_names_are_hidden_whole_and_nothing_else_is() -> None:
    hide = hiding(["Ann", "Ann Chan", " ", "陳"])
    assert hide("Ann Chan, ann, 陳先生, A.") == f"{BLACKED}, {BLACKED}, {BLACKED}先生, A."
    assert hiding([])("Ann") == "Ann"
    items = [Item("a", "Ann", "x"), Item("b", "t", "Ann")]
    assert released(items, {"a"}, ["Ann"]) == [Item("b", "t", BLACKED)]


def test_an_answer_is_corrected_with_who_and_when_and_what_was_given_stays(
    mei: Colleague, built: BuiltCase, instance: Instance
) -> None:
    mei.post(f"{HERE}/requests", kind="correct")
    page = text(mei.get(f"{HERE}/rights?field=relationship"))
    assert 'type="radio" name="choice" value="online_acquaintance"' in page
    sent: dict[str, Any] = {
        "field": "relationship",
        "choice": "online_acquaintance",
        "why": "she said so",
        "once": "o",
    }
    for _ in range(2):
        assert mei.post(f"{HERE}/correct", **sent).status_code == 303
    mei.post(f"{HERE}/correct", field="name", value="Kai")
    assert fields_of(instance)["relationship"] == "online_acquaintance"
    assert fields_of(instance)["name"] == "Kai"
    page = text(mei.get(HERE))
    assert "she said so" in page
    assert page.count("Correction") >= 2
    assert "No open requests" in text(mei.get("/desk/requests"))
    # What the person says later counts instead.
    built.add([("name", "Kim")], at=datetime.now(UTC) + timedelta(minutes=1))
    assert fields_of(instance)["name"] == "Kim"


@pytest.mark.parametrize(
    "sent",
    [
        {"field": "links", "value": "x"},
        {"field": "name", "value": ""},
        {"field": "relationship", "choice": "nonsense"},
        {"field": "relationship", "choice": ["other", "undisclosed"]},
        {"field": "background"},
        {"field": ""},
    ],
)
def test_what_is_no_answer_changes_nothing(
    mei: Colleague, built: BuiltCase, instance: Instance, sent: dict[str, Any]
) -> None:
    before = fields_of(instance)
    assert "done=no_answer" in mei.post(f"{HERE}/correct", **sent).headers["Location"]
    assert fields_of(instance) == before


def test_correcting_the_age_in_the_images_takes_the_links_out_of_sight(
    mei: Colleague, instance: Instance
) -> None:
    link = {"url": "https://x.example/1", "normalised": "x", "host": "x.example", "platform": "other"}
    BuiltCase(instance).submit([("image_age", "yes"), ("links", [link], "add")], ["other"])
    mei.post(f"{HERE}/correct", field="image_age", choice="no")
    assert "x[.]example" not in text(mei.get(HERE))


def test_erasing_takes_two_and_leaves_a_receipt(
    mei: Colleague, enters: Enters, built: BuiltCase, instance: Instance
) -> None:
    kay = enters("Kay", "supervisor")
    assert mei.post(f"{HERE}/erase/confirm").status_code == 409
    assert mei.post(f"{HERE}/erase", reason="because").status_code == 400
    mei.post(f"{HERE}/erase", reason="asked")
    assert "Erase for good" not in text(mei.get(f"{HERE}/rights"))
    assert mei.post(f"{HERE}/erase/confirm").status_code == 409
    kay.post(f"{HERE}/erase/withdraw")
    assert kay.post(f"{HERE}/erase/confirm").status_code == 409
    mei.post(f"{HERE}/erase", reason="asked")
    assert "Mei proposes to erase" in text(kay.get(f"{HERE}/rights"))
    receipt = re.search(r"E-\w{4}-\w{4}", text(kay.post(f"{HERE}/erase/confirm")))
    assert receipt
    assert mei.get(HERE).status_code == 404
    page = text(mei.get("/desk/receipts"))
    assert receipt[0] in page
    assert "TD-2345" not in page
    journal = EraseJournal(instance.keys.path.parents[1] / "erased")
    assert len(journal.marks()) == 1


def test_nobody_but_a_supervisor_confirms(enters: Enters, built: BuiltCase) -> None:
    jo = enters("Jo", "intake")
    jo.post(f"{HERE}/claim")
    assert jo.post(f"{HERE}/erase", reason="asked").status_code == 303
    assert jo.post(f"{HERE}/erase/confirm").status_code == 403
