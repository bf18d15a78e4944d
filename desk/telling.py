"""Where a colleague wants to be told how many cases wait."""

from __future__ import annotations

import re

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.office import Office
from desk.session import session
from desk.turning import to_page
from storage import telling

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")


def add_telling(desk: Blueprint, office: Office) -> None:
    """Put `/desk/me/telling` on the desk."""

    @desk.get("/desk/me/telling")
    def telling_page() -> ResponseReturnValue:
        return _page()

    @desk.post("/desk/me/telling")
    def choose() -> ResponseReturnValue:
        address = request.form.get("address", "").strip()
        match request.form.get("do"):
            case "stop":
                telling.choose(office.database, session().caseworker, None)
                return to_page("/desk/me/telling", done="told_no_more")
            case "telegram" if office.options.telegram_is_on:
                return _page(code=telling.begin_chat(office.database, session().caseworker, office.now()))
        if not _ADDRESS.fullmatch(address):
            return _page(address, "unfit"), 422
        telling.choose(office.database, session().caseworker, address)
        return to_page("/desk/me/telling", done="told_from_now")

    def _page(address: str = "", problem: str = "", code: str = "") -> str:
        chosen = telling.chosen(office.database, session().staff_id)
        return office.pages.draw(
            "telling.html",
            chosen=chosen,
            address=address or (chosen.address if chosen else ""),
            code=code,
            problem=problem,
            mail=office.options.mail_is_on,
            telegram=office.options.telegram_is_on,
        )
