"""A colleague chooses to be told how many cases wait, and chooses otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from storage import telling
from storage.schema import digests
from storage.team_chat import link_chat, read_code
from tests.desk.conftest import Enters, text
from tests.storage.building import Instance


def test_it_is_chosen_and_ended_by_the_colleague_alone(enters: Enters, instance: Instance) -> None:
    mei, jo = enters("Mei", "supervisor"), enters("Jo", "intake")

    mei.post("/desk/me/telling", address=" mei@example.org ", do="tell")

    assert "mei@example.org" in text(mei.get("/desk/me/telling"))
    assert "mei@example.org" not in text(jo.get("/desk/me/telling"))
    mei.post("/desk/me/telling", do="stop")
    assert telling.chosen(instance.database, mei.id) is None


def test_a_code_for_telegram_is_shown_once_where_there_is_a_bot(
    make_app: Callable[..., Flask], enters: Enters, instance: Instance
) -> None:
    mei = enters("Mei", "supervisor")
    assert "Telegram" not in text(mei.get("/desk/me/telling"))
    assert mei.post("/desk/me/telling", do="telegram").status_code == 422
    with_bot = make_app(telegram_is_on=True).test_client()
    cookie = mei.client.get_cookie("desk")
    assert cookie is not None
    with_bot.set_cookie("desk", cookie.value, path="/")
    answer = with_bot.post(
        "/desk/me/telling",
        data={"csrf": mei.csrf(), "do": "telegram"},
        headers={"Accept-Language": "en"},
    )
    (code,) = re.findall(r'class="secret">(TEAM(?:-[A-Z0-9]{4}){4})<', text(answer))
    keys, now = instance.keys, datetime.now(UTC)
    with instance.database.transaction() as connection:
        assert link_chat(connection, keys, str(read_code(code.lower())), "4200000001", now)
    page = text(with_bot.get("/desk/me/telling", headers={"Accept-Language": "en"}))
    assert "You are told by Telegram." in page
    assert code not in page
    with instance.database.reading() as connection:
        assert b"4200000001" not in connection.execute(select(digests.c.sealed_chat)).scalar_one()


@pytest.mark.parametrize(
    "address", ["", "mei", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a" * 70 + "@b", "x@\u202eb"]
)
def test_what_is_no_address_is_not_kept(enters: Enters, instance: Instance, address: str) -> None:
    mei = enters("Mei", "supervisor")

    assert mei.post("/desk/me/telling", address=address, do="tell").status_code == 422
    assert telling.chosen(instance.database, mei.id) is None
