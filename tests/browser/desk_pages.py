"""Every page of the desk, and how somebody gets to it: in an instance in which something is going on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import pyotp
from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

import tada.instance
from flows.vocabulary import Language
from storage import rotation
from storage.asking import Right
from storage.casework import claim_case
from storage.erasure import confirm_erasing, propose_erasing
from storage.invitations import invite_again
from storage.replies import save_reply
from storage.requests import add_request, open_requests, refuse_request
from storage.schema import cases
from storage.sessions import begin_session
from storage.signing_in import check_and_open
from storage.staff import Caseworker, Role
from storage.staffing import disable_staff
from tada.demo import add_colleagues, invented, tell_all
from tests.browser.at_the_desk import AtDesk, Served
from tests.storage.building import CHEAP, PASSWORD, Instance

Who = Role | Literal["nobody", "half_way", "enrolling"]

NO_PAGES = frozenset(
    {
        "/desk/",
        "/desk/static/<path:filename>",
        "/desk/language/<code>",
        "/desk/enrol/code.svg",
        "/desk/log.csv",
        "/desk/queue/rows",
        "/desk/cases/<reference>/stamp",
        "/desk/cases/<reference>/talk",
    }
)
"""What is asked for and is no page: ways from one to another, files, and parts of pages."""

PEOPLE = 6
"""So many of the demo's people tell their case: enough for every kind of row."""


@dataclass(frozen=True)
class Stop:
    """A page.

    Attributes:
        rule: its route.
        path: where it is; `{…}` names something of `Living.names`.
        who: before the browser.
        press: what has to be done there first.
    """

    rule: str
    path: str = ""
    who: Who = "supervisor"
    press: Callable[[Page], None] | None = None


def _fills(**fields: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"[name={name}]").first.fill(value)
        page.locator("main button.primary").last.click()
        page.wait_for_load_state()

    return press


def _opens_and_presses(summary: str, button: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        page.locator(summary).first.click()
        page.locator(button).first.click()
        page.wait_for_load_state()

    return press


def _enrols(page: Page) -> None:
    secret = page.locator("code.secret").inner_text().replace(" ", "")
    _fills(code=pyotp.TOTP(secret).now())(page)


def _makes_a_code(page: Page) -> None:
    page.locator("button[value=telegram]").click()
    page.wait_for_load_state()


def _begins_a_call(page: Page) -> None:
    page.locator("main button.primary").first.click()
    page.wait_for_load_state()


def _writes_too_late(page: Page) -> None:
    page.locator("#note").fill("two lines\nof a note")
    page.locator("form[action$='/notes'] [name=csrf]").evaluate("field => { field.value = 'another' }")
    page.locator("form[action$='/notes'] button").last.click()
    page.wait_for_load_state()


STOPS: Mapping[str, Stop] = {
    "sign in": Stop("/desk/sign-in", who="nobody"),
    "wrong password": Stop("/desk/sign-in", who="nobody", press=_fills(name="Nobody", password="x" * 15)),
    "second factor": Stop("/desk/second", who="half_way"),
    "wrong code": Stop("/desk/second", who="half_way", press=_fills(code="000000")),
    "link": Stop("/desk/link/<token>", "/desk/link/{token}", "nobody"),
    "link with a bad password": Stop(
        "/desk/link/<token>", "/desk/link/{token}", "nobody", _fills(password="short", again="short")
    ),
    "used link": Stop("/desk/link/<token>", f"/desk/link/{'x' * 43}", "nobody"),
    "enrolling": Stop("/desk/enrol", who="enrolling"),
    "recovery codes": Stop("/desk/enrol", who="enrolling", press=_enrols),
    "oneself": Stop("/desk/me"),
    "sign-ins": Stop("/desk/me/sign-ins", "/desk/me/sign-ins?next=/desk/queue"),
    "telling": Stop("/desk/me/telling"),
    "code for Telegram": Stop("/desk/me/telling", press=_makes_a_code),
    "proof": Stop("/desk/prove"),
    "queue": Stop("/desk/queue"),
    "nothing found": Stop("/desk/queue", "/desk/queue?q=TD-0000"),
    "empty view": Stop("/desk/queue", "/desk/queue?view=closed&priority=urgent&language=en"),
    "case": Stop("/desk/cases/<reference>", "/desk/cases/{reference}"),
    "another's case": Stop("/desk/cases/<reference>", "/desk/cases/{reference}", "intake"),
    "damaged case": Stop("/desk/cases/<reference>", "/desk/cases/{damaged}"),
    "no such case": Stop("/desk/cases/<reference>", "/desk/cases/TD-0000"),
    "form that came too late": Stop(
        "/desk/cases/<reference>", "/desk/cases/{reference}", press=_writes_too_late
    ),
    "saved replies": Stop("/desk/replies"),
    "requests": Stop("/desk/requests"),
    "receipts": Stop("/desk/receipts"),
    "rights": Stop("/desk/cases/<reference>/rights", "/desk/cases/{asked}/rights"),
    "correcting": Stop(
        "/desk/cases/<reference>/rights", "/desk/cases/{reference}/rights?field=contact_safety"
    ),
    "copy": Stop("/desk/cases/<reference>/copy", "/desk/cases/{asked}/copy"),
    "people": Stop("/desk/people"),
    "people, new link": Stop("/desk/people", press=_fills(name="Dr. Chan")),
    "people as intake": Stop("/desk/people", who="intake"),
    "taking a call": Stop("/desk/by-phone"),
    "call": Stop("/desk/by-phone/<call>", "/desk/by-phone", press=_begins_a_call),
    "organisation": Stop("/desk/organisation"),
    "fact": Stop("/desk/organisation/<fact_id>", "/desk/organisation/helpline"),
    "keys": Stop("/desk/keys"),
    "log": Stop("/desk/log"),
    "log without entries": Stop("/desk/log", "/desk/log?event=fact_changed"),
    "another role's page": Stop("/desk/log", who="intake"),
    "nowhere": Stop("/desk/<nowhere>", "/desk/nowhere"),
}


class Living:
    """A desk with cases, colleagues, requests, receipts and a rotation that is not finished."""

    def __init__(self, desk: Served) -> None:
        self.desk = desk
        self._sitting: dict[tuple[Who, Language], AtDesk] = {}
        self._cookies: dict[Who, str] = {}
        self._come = 0
        self.names = self._fill(desk.instance)

    def stand_before(self, browser: Browser, stop: Stop, language: Language) -> AtDesk:
        """Put somebody before a page; whoever is in goes on in the same browser."""
        here = self._sitting.get((stop.who, language))
        if here is None or stop.who in ("half_way", "enrolling"):
            if here is not None:
                here.finish()
            here = AtDesk(browser, self.desk, self._cookie(stop.who), language)
        self._sitting[stop.who, language] = here
        here.page.set_viewport_size({"width": 1280, "height": 900})
        page = here.open((stop.path or stop.rule).format_map(self.names))
        if stop.press is not None:
            stop.press(page)
        return here

    def leave(self) -> None:
        """Close what is still open."""
        for here in self._sitting.values():
            here.finish()

    def _cookie(self, who: Who) -> str:
        match who:
            case "nobody":
                return ""
            case "half_way" | "enrolling":
                return self._early("password" if who == "half_way" else "enrolling")
        if who not in self._cookies:
            self._cookies[who] = self.desk.colleague(f"Siu Man {who}", who)
        return self._cookies[who]

    def _early(self, stage: Literal["password", "enrolling"]) -> str:
        """The cookie of a colleague who is not in yet."""
        instance, self._come = self.desk.instance, self._come + 1
        name = f"New {self._come}"
        instance.add(name, "intake", instance.sign_in("First"))
        staff_id, private = check_and_open(instance.database, name, PASSWORD, CHEAP)
        with instance.database.transaction() as connection:
            secret = begin_session(connection, staff_id, private, stage, datetime.now(UTC))
        return base64.urlsafe_b64encode(secret).decode().rstrip("=")

    def _fill(self, instance: Instance) -> dict[str, str]:
        first = instance.sign_in("First")
        home = instance.keys.path.parent
        whole = tada.instance.Instance({"TADA_HOME": str(home)})
        at_work = add_colleagues(whole, first, CHEAP)
        references = list(tell_all(whole, invented()[-PEOPLE:], at_work, CHEAP))
        whole.database.close()
        mei, (asked, refused, erased) = at_work["Mei"], references[:3]
        case = self.desk.waits("TD-2345", 30, links=3, flags=("danger", "threatened"), priority="urgent")
        self.desk.waits("TD-6789", 3)
        _damage(instance, "TD-6789")
        claim_case(instance.database, first, case.reference)
        _ask_for_things(instance, mei, asked, refused)
        propose_erasing(instance.database, mei, erased, "asked")
        confirm_erasing(instance.database, first, erased, home / "erased")
        propose_erasing(instance.database, mei, asked, "asked")
        save_reply(instance.database, first, "Received", "We have your message.", "我們收到你的訊息。")
        instance.add("Left long ago", "intake", first)
        disable_staff(instance.database, "Left long ago", first)
        rotation.begin(instance.database, instance.keys, instance.sign_in("First"))
        return {
            "reference": case.reference,
            "damaged": "TD-6789",
            "asked": asked,
            "token": self._link(instance),
        }

    def _link(self, instance: Instance) -> str:
        instance.add("Forgetful", "intake", instance.sign_in("First"))
        return invite_again(instance.database, "Forgetful", instance.sign_in("First"))


def _ask_for_things(instance: Instance, mei: Caseworker, asked: str, refused: str) -> None:
    today = datetime.now(UTC).date()
    wanted: tuple[tuple[int, Right], ...] = ((45, "copy"), (10, "correct"), (1, "erase"))
    for days, kind in wanted:
        add_request(instance.database, mei, asked, kind, today - timedelta(days=days))
    add_request(instance.database, mei, refused, "copy", today)
    found = next(each for each in open_requests(instance.database, mei) if each.reference == refused)
    refuse_request(instance.database, mei, refused, bytes.fromhex(found.id), "identity", "They said so.")


def _damage(instance: Instance, reference: str) -> None:
    """Have another case's key stand in this one's place."""
    with instance.database.transaction() as connection:
        other = connection.execute(select(cases.c.public_key).where(cases.c.reference != reference).limit(1))
        key = other.scalar_one()
        connection.execute(update(cases).where(cases.c.reference == reference).values(public_key=key))
