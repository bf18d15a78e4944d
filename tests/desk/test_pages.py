"""What every page keeps to: headers, no inline code, both languages, kind errors; the people and the log."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, update

import bot.web
import desk
from bot.headers import DESK_HEADERS, HEADERS
from desk.log import as_csv, defused
from desk.pages import PLACES
from flows.vocabulary import LANGUAGES
from locales import TAGS
from settings import read_settings
from storage import audit
from storage.casework import claim_case
from storage.errors import StoreAway
from storage.invitations import invite_first
from storage.schema import audit as log_table
from storage.staff import ROLES, list_staff
from tests.desk.conftest import Colleague, Enters, text
from tests.storage.building import BuiltCase, Instance
from webhook import create_app

FOLDER = Path(desk.__file__).parent


def pages(mei: Colleague) -> Iterator[str]:
    """Every page that can be looked at, and what bad requests get."""
    for place in PLACES:
        yield text(mei.get(place.path))
    for path in ("/desk/me", "/desk/prove", "/desk/enrol", "/desk/nowhere", "/desk/log?reference=TD-9999"):
        yield text(mei.get(path))
    yield text(mei.post("/desk/people", name="\x00", role="intake"))
    yield text(mei.post("/desk/people", name="Jo", role="intake"))
    yield text(mei.client.post("/desk/people", data={"csrf": "x", "name": "a note"}))
    yield text(mei.post("/desk/prove", code="0"))
    mei.post("/desk/sign-out")
    yield text(mei.get("/desk/sign-in"))
    yield text(mei.post("/desk/sign-in", csrf=False, name="Mei", password="wrong"))


def test_no_template_joins_what_is_said_by_the_marks_of_one_language() -> None:
    joined = re.compile(r"\}\}(?:</\w+>)?[:,]|(?:else|join\() ?\"[:,]")
    folders = (Path(desk.__file__).parent, Path(bot.web.__file__).parent)
    files = [file for folder in folders for file in sorted((folder / "templates").glob("*.html"))]
    assert [file.name for file in files if joined.search(file.read_text("utf-8"))] == []
    assert len(files) > 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_holds_inline_code_or_anything_from_elsewhere(mei: Colleague, language: str) -> None:
    mei.get(f"/desk/language/{language}")
    for page in pages(mei):
        assert f'lang="{TAGS[language]}"' in page  # type: ignore[index]
        assert "<style" not in page
        assert " style=" not in page
        assert not re.search(r"<[^>]* on[a-z]+=", page)
        assert page.count("<script") == page.count('<script src="/desk/static/')
        assert not re.search(r'(?:src|href|action)="(?!/desk/|#)', page), page


CALLS: list[tuple[int, str, str, dict[str, Any]]] = [
    (200, "GET", "/desk/sign-in", {}),
    (200, "HEAD", "/desk/sign-in", {}),
    (200, "GET", "/desk/static/desk.css", {}),
    (200, "GET", "/desk/static/shared.css", {}),
    (200, "GET", "/desk/static/vendor/htmx-4.0.1.min.js", {}),
    (303, "GET", "/desk/", {}),
    (303, "GET", "/desk/language/en", {}),
    (308, "GET", "/desk", {}),
    (401, "POST", "/desk/sign-in", {"data": {"name": "x", "password": "y"}}),
    (403, "POST", "/desk/sign-in", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    (404, "GET", "/desk/static/../__init__.py", {}),
    (404, "GET", "/desk/static/chat.js", {}),
    (404, "GET", "/desk/nowhere", {}),
    (405, "DELETE", "/desk/sign-in", {}),
    (410, "GET", "/desk/link/x", {}),
    (413, "POST", "/desk/sign-in", {"data": {"name": "x" * 300_000}}),
]


@pytest.fixture
def whole(instance: Instance) -> Flask:
    """The desk beside the chat, as it is served."""
    home = instance.keys.path.parent
    return create_app({"TADA_HOME": str(home), "TADA_DATABASE_URL": f"sqlite:///{instance.database.file}"})


@pytest.mark.parametrize(("status", "method", "path", "more"), CALLS)
def test_the_headers_are_on_every_answer(
    whole: Flask, status: int, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = whole.test_client().open(path, method=method, **more)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in DESK_HEADERS} == DESK_HEADERS
    allowed = DESK_HEADERS["Permissions-Policy"].replace("(self)", "()")
    assert {**DESK_HEADERS, "Permissions-Policy": allowed} == HEADERS


def test_the_chat_stands_beside_it_and_each_can_be_served_alone(whole: Flask, instance: Instance) -> None:
    assert whole.test_client().get("/").status_code == 200
    home = str(instance.keys.path.parent)
    environ = {"TADA_HOME": home, "TADA_DATABASE_URL": f"sqlite:///{instance.database.file}"}
    assert read_settings(environ).surface == "all"
    intake = create_app({**environ, "TADA_SURFACE": "intake"}).test_client()
    assert [intake.get(path).status_code for path in ("/", "/desk/sign-in", "/healthz")] == [200, 404, 200]
    alone = create_app({**environ, "TADA_SURFACE": "desk"}).test_client()
    assert [alone.get(path).status_code for path in ("/", "/desk/sign-in", "/healthz")] == [404, 200, 200]


def test_what_is_not_ours_is_kept_with_its_licence_and_checksum() -> None:
    summed = set()
    for sums in (FOLDER / "static" / "vendor").glob("*.sha256"):
        digest, name = sums.read_text().split()
        assert hashlib.sha256((sums.parent / name).read_bytes()).hexdigest() == digest
        summed.add(name)
    assert summed == {file.name for file in (FOLDER / "static" / "vendor").glob("*.js")} != set()
    assert (FOLDER / "static" / "vendor" / "htmx-LICENSE.txt").exists()


def test_the_cookie_of_a_language_is_for_the_desk_alone_and_out_of_reach(
    make_app: Callable[..., Flask],
) -> None:
    address = "https://desk.example.org"
    answer = make_app(address=address).test_client().get("/desk/language/en", base_url=address)
    parts = {part.strip().partition("=")[0] for part in answer.headers["Set-Cookie"].split(";")}
    assert parts >= {"desk_language", "Secure", "HttpOnly", "SameSite", "Path"}
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert "Path=/desk" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(("error", "status"), [(StoreAway("x"), 503), (RuntimeError("canary"), 500)])
def test_bad_days_are_told_kindly(
    mei: Colleague, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("desk.people.list_staff", fail)
    answer = mei.get("/desk/people")
    assert answer.status_code == status
    assert "<h1>That did not work</h1>" in text(answer)
    assert "canary" not in text(answer)


def test_a_part_of_a_page_gets_a_part_of_a_page(mei: Colleague) -> None:
    answer = mei.get("/desk/log?since=never", headers={"HX-Request": "true"})
    assert answer.status_code == 400
    assert "<html" not in text(answer)
    mei.post("/desk/sign-out")
    answer = mei.get("/desk/log", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/desk/sign-in")


# ------------------------------------------------------------------ the people


def test_the_roles_shown_are_those_that_decide(mei: Colleague) -> None:
    page = text(mei.get("/desk/people"))
    for role in ("Intake", "Supervisor", "Key holder", "Auditor", "Administrator"):
        assert role in page
    assert len(re.findall("✓", page)) > len(ROLES)


def test_hostile_names_are_shown_as_they_are(mei: Colleague, instance: Instance) -> None:
    name = "<script>alert(1)</script> =1+1"
    page = text(mei.post("/desk/people", name=name, role="auditor"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; =1+1" in page
    assert name in {member.name for member in list_staff(instance.database)}


def test_a_disabled_colleague_is_out_and_their_cases_are_moved(
    mei: Colleague, enters: Enters, instance: Instance
) -> None:
    jo = enters("Jo", "intake")
    BuiltCase(instance).submit([])
    claim_case(instance.database, instance.sign_in("Jo"), "TD-2345")
    assert jo.get("/desk/queue").status_code == 200
    assert mei.post(f"/desk/people/{jo.id.hex()}/disable").status_code == 303
    assert jo.get("/desk/queue").status_code == 303
    assert "1 open case" in text(mei.get("/desk/people"))
    answer = mei.post(f"/desk/people/{jo.id.hex()}/cases", to=mei.id.hex())
    assert answer.headers["Location"] == "/desk/people?done=cases_moved"
    assert "The cases are moved." in text(mei.get("/desk/people?done=cases_moved"))


@pytest.mark.parametrize("member", ["00" * 16, "x", "é", "%00"])
def test_who_does_not_work_here_cannot_be_meant(mei: Colleague, member: str) -> None:
    for act in ("disable", "link", "sign-out", "cases", "role"):
        assert mei.post(f"/desk/people/{member}/{act}").status_code == 404


def test_the_last_who_holds_the_key_cannot_be_disabled_by_themselves(
    mei: Colleague, instance: Instance
) -> None:
    first = next(member for member in list_staff(instance.database) if member.name == "First")
    assert mei.post(f"/desk/people/{first.id.hex()}/disable").status_code == 303
    assert mei.post(f"/desk/people/{mei.id.hex()}/disable").status_code == 409


def test_a_role_that_is_taken_away_counts_at_the_next_request(
    mei: Colleague, enters: Enters, instance: Instance
) -> None:
    jo = enters("Jo", "intake")
    assert jo.get("/desk/queue").status_code == 200

    changed = mei.post(f"/desk/people/{jo.id.hex()}/role", role="auditor")

    assert changed.headers["Location"] == "/desk/people?done=role_changed"
    assert (jo.get("/desk/queue").status_code, jo.get("/desk/log").status_code) == (403, 200)
    assert "/desk/queue" not in text(jo.get("/desk/me"))
    assert mei.post(f"/desk/people/{jo.id.hex()}/role", role="root").status_code == 400
    back = text(mei.post(f"/desk/people/{jo.id.hex()}/role", role="intake"))
    assert "/desk/link/" in back
    assert jo.get("/desk/queue").headers["Location"].startswith("/desk/sign-in")
    assert mei.post(f"/desk/people/{mei.id.hex()}/role", role="intake").status_code == 409
    assert "Changed a colleague&#39;s role" in text(mei.get("/desk/log"))


# ------------------------------------------------------------------ the log


def test_the_log_is_searched_and_read_page_by_page(
    mei: Colleague, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.log.PAGE", 3)
    BuiltCase(instance).submit([])
    claim_case(instance.database, instance.sign_in("Mei"), "TD-2345")
    page = text(mei.get("/desk/log?reference=td-2345"))
    assert page.count("<tr>") == 2
    assert "Claimed a case" in page
    page = text(mei.get(f"/desk/log?staff={mei.id.hex()}&event=signed_in"))
    assert page.count("<tr>") == 3
    page = text(mei.get("/desk/log"))
    older = re.search(r'href="(/desk/log\?[^"]+)" rel="next"', page)
    assert older
    assert text(mei.get(older[1])).count("<tr>") == 4
    assert mei.get("/desk/log?since=yesterday").status_code == 400
    assert mei.get("/desk/log?before=x&staff=%00&event=é&subject=1").status_code == 200


def test_a_log_that_was_changed_is_noticed(mei: Colleague, instance: Instance) -> None:
    assert "The log was changed" not in text(mei.get("/desk/log"))
    with instance.database.transaction() as connection:
        connection.execute(
            update(log_table).where(log_table.c.number == 2).values(event="signed_in", staff="x")
        )
    # What came before the last look is looked at again each hour, when somebody asks, and before it is taken along.
    assert "Every entry up to" in text(mei.get("/desk/log"))
    assert "The log was changed: from entry 2 on" in text(mei.get("/desk/log?check=1"))
    assert "The log was changed: from entry 2 on" in text(mei.get("/desk/log"))


def test_the_log_is_checked_whole_by_the_hour_and_what_came_since_at_each_look(
    mei: Colleague, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei.get("/desk/log")
    whole = audit.check
    looks: list[audit.Checked | None] = []

    def noted(connection: Connection, since: audit.Checked | None = None) -> audit.Checked:
        looks.append(since)
        return whole(connection, since)

    monkeypatch.setattr(audit, "check", noted)
    mei.get("/desk/log")
    assert [since is None for since in looks] == [False]
    monkeypatch.setattr("desk.log.WHOLE_EVERY", timedelta(0))
    mei.get("/desk/log")
    assert [since is None for since in looks] == [False, True, False]


def test_the_log_is_taken_along_without_formulas_and_that_is_in_it(
    mei: Colleague, instance: Instance
) -> None:
    mei.post("/desk/people", name='=HYPERLINK("x")', role="auditor")
    answer = mei.get("/desk/log.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=log.csv"
    rows = list(csv.reader(io.StringIO(text(answer).removeprefix("\ufeff"))))
    assert rows[0] == ["number", "at", "staff", "event", "subject", "recipient"]
    assert rows[1][3] == "log_exported"
    cells = [cell for row in rows for cell in row]
    assert '\'=HYPERLINK("x")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    with instance.database.reading() as connection:
        assert [entry.event for entry in audit.entries(connection)][-1] == "log_exported"


@pytest.mark.parametrize("value", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", "plain", ""])
def test_no_cell_begins_with_what_makes_a_formula(value: str) -> None:
    assert not defused(value).startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert as_csv([], {}).startswith("\ufeffnumber")


def test_the_first_link_is_gone_with_the_first_colleague(mei: Colleague, instance: Instance) -> None:
    assert invite_first(instance.database) is None
