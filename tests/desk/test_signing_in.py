"""The door: password, second factor, one-time links; limits, and what was written while signed out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.test import TestResponse

from desk.holding import NEVER_KEPT
from storage import audit
from storage.invitations import invite_first, invite_to_set_factor
from storage.schema import authenticators, sessions
from storage.sessions import end_session, open_session, resume_session, sign_out_everywhere
from storage.staff import list_staff
from storage.staffing import disable_staff
from tests.desk.conftest import Colleague, Enters, secret_of, text
from tests.storage.building import PASSWORD, Instance

NEW = "nine quiet lanterns drifting"


@pytest.fixture
def mei(instance: Instance, visitor: Colleague) -> Colleague:
    """The first colleague, who came by the link and set up an app; signed in."""
    token = invite_first(instance.database)
    assert visitor.get(f"/desk/link/{token}").status_code == 200
    answer = visitor.post(f"/desk/link/{token}", name="Mei", password=PASSWORD, again=PASSWORD)
    assert answer.headers["Location"] == "/desk/enrol"
    visitor.totp = pyotp.TOTP(secret_of(text(visitor.get("/desk/enrol"))))
    answer = visitor.post("/desk/enrol", code=visitor.totp.now())
    visitor.codes = re.findall(r"<code>([A-Z0-9-]{19})</code>", text(answer))  # type: ignore[attr-defined]
    assert len(visitor.codes) == 10  # type: ignore[attr-defined]
    visitor.name = "Mei"
    return visitor


def forget_last_code(instance: Instance) -> None:
    """As if a half minute had passed since the last code."""
    with instance.database.transaction() as connection:
        connection.execute(update(authenticators).values(last_step=0))


def give_password(
    colleague: Colleague, password: str = PASSWORD, name: str = "mei", **more: str
) -> TestResponse:
    return colleague.post("/desk/sign-in", csrf=False, name=name, password=password, **more)


def is_in(colleague: Colleague) -> bool:
    return colleague.get("/desk/people").status_code == 200


# ------------------------------------------------------------------ the way in


def test_from_the_first_link_to_the_queue(mei: Colleague, instance: Instance) -> None:
    assert is_in(mei)
    assert mei.get("/desk/").headers["Location"] == "/desk/queue"
    assert [(member.name, member.role) for member in list_staff(instance.database)] == [("Mei", "supervisor")]


def test_the_picture_of_the_app_is_for_whoever_enrols(enters: Enters, visitor: Colleague) -> None:
    picture = enters("Jo", "intake", "enrolling").get("/desk/enrol/code.svg")
    assert (picture.status_code, picture.mimetype) == (200, "image/svg+xml")
    assert b"<script" not in picture.data
    assert visitor.get("/desk/enrol/code.svg").status_code == 303


def test_signing_in_takes_the_password_and_a_code(mei: Colleague, instance: Instance) -> None:
    mei.post("/desk/sign-out")
    assert not is_in(mei)
    assert give_password(mei).headers["Location"] == "/desk/second"
    assert not is_in(mei)
    forget_last_code(instance)
    assert mei.totp
    assert mei.post("/desk/second", code=mei.totp.now()).status_code == 303
    assert is_in(mei)


def test_a_code_that_was_used_lets_nobody_in(mei: Colleague, instance: Instance) -> None:
    assert mei.totp
    mei.post("/desk/sign-out")
    forget_last_code(instance)
    give_password(mei)
    code = mei.totp.now()
    assert mei.post("/desk/second", code=code).status_code == 303
    mei.post("/desk/sign-out")
    give_password(mei)
    assert mei.post("/desk/second", code=code).status_code == 401
    assert not is_in(mei)


def test_a_recovery_code_lets_in_once(mei: Colleague) -> None:
    code = mei.codes[3]  # type: ignore[attr-defined]
    for status in (303, 401):
        mei.post("/desk/sign-out")
        give_password(mei)
        assert mei.post("/desk/second", code=code.lower()).status_code == status


@pytest.mark.parametrize(
    ("name", "password"),
    [("mei", "wrong wrong wrong"), ("nobody", PASSWORD), ("", ""), ("\x00", "x" * 4000), ("mei", "x" * 9000)],
)
def test_whether_there_is_such_a_colleague_is_not_said(mei: Colleague, name: str, password: str) -> None:
    mei.post("/desk/sign-out")
    answer = mei.post("/desk/sign-in", csrf=False, name=name, password=password)
    assert answer.status_code == 401
    assert "not right" in text(answer)
    assert password not in text(answer) or not password


def test_whoever_left_is_told_no_more_than_a_stranger(
    mei: Colleague, enters: Enters, app: Flask, instance: Instance
) -> None:
    jo = enters("Jo", "intake")
    disable_staff(instance.database, "Jo", instance.sign_in("Mei"))
    assert not is_in(jo)
    assert give_password(jo, name="Jo").status_code == 401


def test_without_a_second_factor_one_is_sent_for_a_link(enters: Enters) -> None:
    jo = enters("Jo", "intake")
    jo.post("/desk/sign-out")
    answer = give_password(jo, name="Jo")
    assert answer.status_code == 403
    assert not is_in(jo)


def test_guessing_is_slowed_and_the_right_one_gets_in_afterwards(
    mei: Colleague, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr("desk.office.Office.now", lambda _: now)
    mei.post("/desk/sign-out")
    for _ in range(5):
        assert give_password(mei, "wrong wrong wrong").status_code == 401
    answer = give_password(mei)
    assert answer.status_code == 429
    assert "12" in text(answer)
    monkeypatch.setattr("desk.office.Office.now", lambda _: now + timedelta(seconds=13))
    assert give_password(mei).status_code == 303


def test_codes_cannot_be_guessed_either(mei: Colleague) -> None:
    mei.post("/desk/sign-out")
    give_password(mei)
    statuses = [mei.post("/desk/second", code=f"{n:06}").status_code for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_nor_those_of_an_app_that_is_being_set_up(enters: Enters) -> None:
    jo = enters("Jo", "intake", "enrolling")
    statuses = [jo.post("/desk/enrol", code=f"{n:06}").status_code for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_nor_the_password_behind_a_link(enters: Enters, visitor: Colleague, instance: Instance) -> None:
    token = invite_to_set_factor(instance.database, enters("Jo", "intake").id, None)
    wrong = {"password": "wrong wrong wrong"}
    statuses = [visitor.post(f"/desk/link/{token}", csrf=False, **wrong).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_a_password_longer_than_any_is_not_worked_on(mei: Colleague, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.signing_in.check_and_open", lambda *_: pytest.fail("it was worked on"))
    mei.post("/desk/sign-out")
    assert give_password(mei, "x" * 129).status_code == 401


def test_another_app_is_set_up_with_a_fresh_proof_alone(enters: Enters, instance: Instance) -> None:
    jo = enters("Jo", "intake")
    assert jo.get("/desk/enrol").status_code == 200
    old = int((datetime.now(UTC) - timedelta(minutes=6)).timestamp())
    with instance.database.transaction() as connection:
        connection.execute(update(sessions).values(proved_at=old))
    assert jo.get("/desk/enrol").headers["Location"].startswith("/desk/prove")
    assert jo.get("/desk/enrol/code.svg").status_code == 403
    assert jo.post("/desk/enrol", code="000000").status_code == 403


# ------------------------------------------------------------------ one-time links


def test_a_colleague_is_added_by_a_link_that_is_good_once(
    mei: Colleague, app: Flask, instance: Instance
) -> None:
    page = text(mei.post("/desk/people", name="Jo", role="intake"))
    link = re.search(r"http://localhost(/desk/link/[\w-]+)", page)
    assert link
    jo = Colleague(instance, app.test_client())
    assert jo.post(link[1], csrf=False, password=NEW, again="another one").status_code == 422
    assert jo.post(link[1], csrf=False, password="short", again="short").status_code == 422
    assert jo.post(link[1], csrf=False, password=NEW, again=NEW).status_code == 303
    totp = pyotp.TOTP(secret_of(text(jo.get("/desk/enrol"))))
    assert jo.post("/desk/enrol", code="000000").status_code == 401
    assert jo.post("/desk/enrol", code=totp.now()).status_code == 200
    assert is_in(jo)
    assert jo.get(link[1]).status_code == 410
    assert jo.get("/desk/log").status_code == 403


@pytest.mark.parametrize("token", ["x", "a" * 43, "é", "%00", "..%2f"])
def test_a_link_that_is_none_says_so(visitor: Colleague, token: str) -> None:
    assert visitor.get(f"/desk/link/{token}").status_code in (404, 410)
    assert visitor.post(f"/desk/link/{token}", csrf=False, password=NEW).status_code in (404, 410)


# ------------------------------------------------------------------ limits


def test_signed_out_elsewhere_is_signed_out_here(mei: Colleague, instance: Instance) -> None:
    sign_out_everywhere(instance.database, instance.sign_in("Mei"), instance.sign_in("Mei").id)
    assert mei.get("/desk/people").headers["Location"] == "/desk/sign-in?next=%2Fdesk%2Fpeople"


def test_the_way_goes_on_where_it_was_going(mei: Colleague, instance: Instance) -> None:
    mei.post("/desk/sign-out")
    where = mei.get("/desk/log?staff=x").headers["Location"]
    assert where == "/desk/sign-in?next=%2Fdesk%2Flog%3Fstaff%3Dx"
    answer = give_password(mei, next="/desk/log?staff=x")
    assert answer.headers["Location"] == "/desk/second?next=%2Fdesk%2Flog%3Fstaff%3Dx"
    forget_last_code(instance)
    assert mei.totp
    answer = mei.post("/desk/second", code=mei.totp.now(), next="/desk/log?staff=x")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/log?staff=x")
    for outside in ("https://evil.example", "//evil.example", "/exit"):
        mei.post("/desk/sign-out")
        give_password(mei)
        forget_last_code(instance)
        answer = mei.post("/desk/second", code=mei.totp.now(), next=outside)
        assert answer.headers["Location"] == "/desk/"


@pytest.mark.parametrize(
    "next_", ["https://evil.example", "//evil.example", "/exit", "/desk/\\evil", "/desk/\n", "javascript:1"]
)
def test_and_nowhere_outside_the_desk(mei: Colleague, next_: str) -> None:
    answer = mei.client.get("/desk/sign-in", query_string={"next": next_})
    assert answer.headers["Location"] == "/desk/"


def test_the_cookie_is_bound_to_the_host_and_out_of_reach(
    mei: Colleague, make_app: Callable[..., Flask], instance: Instance
) -> None:
    client = make_app(address="https://desk.example.org").test_client()
    answer = client.post(
        "/desk/sign-in",
        data={"name": "Mei", "password": PASSWORD},
        base_url="https://desk.example.org",
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-desk=")
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert parts == {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"}


def test_signing_out_clears_what_the_browser_kept_and_a_copy_of_its_cookie_opens_nothing(
    mei: Colleague,
) -> None:
    copied = mei.secret()
    assert copied is not None
    answer = mei.post("/desk/sign-out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert mei.secret() is None
    mei.take(copied)
    assert mei.get("/desk/people").headers["Location"].startswith("/desk/sign-in")


# ------------------------------------------------------------------ what was written meanwhile

NOTE = "a long note\nwith <b>two</b> lines & canary-in-a-note"


def test_what_was_written_when_the_sign_in_was_over_is_offered_again(
    mei: Colleague, instance: Instance
) -> None:
    with instance.database.transaction() as connection:
        connection.execute(update(sessions).values(seen_at=0))
    answer = mei.client.post("/desk/people", data={"csrf": "x", "name": NOTE, "role": "intake"})
    assert answer.status_code == 401
    page = text(answer)
    # Whoever finds this page on an abandoned screen cannot read it.
    assert "canary" not in page
    held = re.search(r'name="held" value="([^"]+)"', page)
    assert held
    answer = give_password(mei, held=held[1])
    page = text(answer)
    assert 'action="/desk/second"' in page
    assert "canary" not in page
    answer = mei.post("/desk/second", code=mei.codes[0], held=held[1])  # type: ignore[attr-defined]
    page = text(answer)
    assert answer.status_code == 200
    assert "with &lt;b&gt;two&lt;/b&gt; lines &amp; canary-in-a-note" in page
    assert 'action="/desk/people"' in page


@pytest.mark.parametrize("how", ["elsewhere", "everywhere", "in another tab"])
def test_what_was_written_is_offered_again_when_somebody_ended_the_sign_in(
    mei: Colleague, instance: Instance, how: str
) -> None:
    writer = re.search(r'name="writer" value="([^"]+)"', text(mei.get("/desk/people")))
    assert writer
    secret = mei.secret()
    assert secret is not None
    if how == "elsewhere":
        open_session(
            instance.database, resume_session(instance.database, secret, datetime.now(UTC)), datetime.now(UTC)
        )
    elif how == "everywhere":
        mei.post("/desk/me/sign-out")
    else:
        mei.post("/desk/sign-out")

    answer = mei.client.post("/desk/people", data={"name": NOTE, "role": "intake", "writer": writer[1]})

    assert answer.status_code == 401
    held = re.search(r'name="held" value="([^"]+)"', text(answer))
    assert held
    give_password(mei, held=held[1])
    page = text(mei.post("/desk/second", code=mei.codes[0], held=held[1]))  # type: ignore[attr-defined]
    assert "canary-in-a-note" in page
    assert writer[1] not in page
    forged = mei.client.post("/desk/sign-out") and mei.client.post(
        "/desk/people", data={"name": NOTE, "writer": writer[1][:-8] + "AAAAAAA="}
    )
    assert forged.status_code == 303


def test_and_to_nobody_else(
    mei: Colleague, enters: Enters, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instance.database.transaction() as connection:
        connection.execute(update(sessions).values(seen_at=0))
    answer = mei.client.post("/desk/people", data={"name": NOTE})
    held = re.search(r'name="held" value="([^"]+)"', text(answer))
    assert held
    monkeypatch.setattr("desk.proving.check_factor", lambda *_: False)
    jo = enters("Jo", "supervisor")
    answer = jo.post("/desk/prove", code="right", held=held[1])
    assert (answer.status_code, "canary" in text(answer)) == (303, False)
    with instance.database.transaction() as connection:
        connection.execute(update(sessions).values(seen_at=int(datetime.now(UTC).timestamp())))
    assert "canary-in-a-note" in text(mei.post("/desk/prove", code="right", held=held[1]))


def test_a_form_from_before_signing_in_anew_is_kept_too(mei: Colleague) -> None:
    answer = mei.client.post(
        "/desk/people", data={"csrf": "0" * 64, "name": NOTE, "password": "secret-typed"}
    )
    assert answer.status_code == 409
    assert "canary-in-a-note" in text(answer)
    assert "secret-typed" not in text(answer)
    assert "password" in NEVER_KEPT


def test_a_session_that_is_gone_from_the_database_leads_to_the_door(
    mei: Colleague, instance: Instance
) -> None:
    secret = mei.secret()
    assert secret is not None
    end_session(instance.database, secret)
    answer = mei.client.post("/desk/people", data={"name": NOTE})
    assert answer.headers["Location"] == "/desk/sign-in"


def test_who_came_and_who_tried_is_in_the_log(mei: Colleague, instance: Instance) -> None:
    mei.post("/desk/sign-out")
    give_password(mei, "wrong wrong wrong")
    with instance.database.reading() as connection:
        events = [entry.event for entry in audit.entries(connection)]
    assert events[-4:] == ["second_factor_set", "browser_added", "signed_in", "sign_in_refused"]
