"""Talking to the person of a case: what was said both ways, a box to write in, and when it is safe to send.

The desk cannot write into a chat: it seals what is said for the person's own chat and case code
(`storage.letters`), and sees how far it came.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.access import LEADERS
from desk.case import PARTS, case_path
from desk.office import Office
from desk.pages import HONG_KONG, PLACES, Place
from desk.problems import Problem, problem_of
from desk.session import session
from desk.turning import to_page
from flows.choices import CHOICES
from flows.talking import SILENCE
from flows.vocabulary import ENGLISH, LANGUAGES, Language
from storage.casehistory import case_stamp
from storage.cases import open_case
from storage.casetelling import Case
from storage.errors import CannotReach, CaseClosed, CaseNotFound, NotAllowed, TooLong
from storage.letters import (
    KEPT_UNTIL_THEY_WRITE,
    LETTER_KEPT,
    Way,
    end_talk,
    send_letter,
    talks_since,
    ways_to,
)
from storage.opening import ROLES_WITH_ALL_CASES
from storage.outbox import FREE_FOR
from storage.replies import list_replies, remove_reply, save_reply
from storage.staff import list_staff

PLACES.append(Place("/desk/replies", "desk.place.replies", LEADERS, "r", 70))

DAYTIME, EVENING = (time(9), time(18)), (time(18), time(23))
"""What "in the daytime" and "in the evening" mean, in Hong Kong."""


@dataclass(frozen=True)
class Said:
    """One thing that was said.

    Attributes:
        who: the colleague's name; None of the person.
        delivery: how far a colleague's message is.
        unseen: it came since somebody who has the case last opened it.
    """

    at: datetime
    text: str = field(repr=False)
    who: str | None = None
    delivery: str | None = None
    unseen: bool = False


@dataclass(frozen=True)
class Talk:
    """What the box is drawn with.

    Attributes:
        ways: how the person can be reached.
        open_until: until when their provider takes a message without their writing first; None where it always does.
        waits: it does not just now: what is sent waits until they write.
        unsafe: they said that this is no time to contact them, and a message would come to their chat.
        since: since when a colleague is in the chat; None where the assistant answers.
    """

    said: tuple[Said, ...] = field(repr=False)
    ways: frozenset[Way]
    safety: Mapping[str, Any] = field(repr=False)
    open_until: datetime | None
    waits: bool
    unsafe: bool
    since: datetime | None
    language: Language

    @property
    def known_times(self) -> tuple[str, ...]:
        """The times that have words; whatever else stands in a case is shown as it stands there."""
        return CHOICES["contact_safety"]


def add_talking(desk: Blueprint, office: Office) -> None:
    """Put the conversation with a person on the desk."""

    @desk.get("/desk/cases/<reference>/talk")
    def talk(reference: str) -> ResponseReturnValue:
        """What was said, alone: the page of the case asks for it again and again."""
        me = session().caseworker
        stamp = case_stamp(office.database, me, reference)
        if request.args.get("stamp") == stamp:
            return "", 204
        case = open_case(office.database, office.keys, me, reference, follows=True)
        return office.pages.draw("talk_said.html", case=case, talk_stamp=stamp, **part(office, case))

    @desk.post("/desk/cases/<reference>/talk")
    def say(reference: str) -> ResponseReturnValue:
        me = session().caseworker
        text = request.form.get("text", "").replace("\r\n", "\n").strip()
        once = request.form.get("once", "")[:32]
        try:
            case = open_case(office.database, office.keys, me, reference, follows=True)
            chosen = request.form.get("reply", "")
            if chosen:
                return _again(case, _with_reply(text, chosen, case), once)
            if not text:
                return to_page(case_path(reference) + "?done=nothing_written#talk")
            now = _talk_of(office, case)
            if now.unsafe and request.form.get("anyway") != "1":
                return _again(case, text, once, asks_anyway=True)
            kept = KEPT_UNTIL_THEY_WRITE if now.waits else LETTER_KEPT
            send_letter(office.database, me, reference, text, kept, once=once)
        except (NotAllowed, TooLong, CaseNotFound, CaseClosed, CannotReach) as error:
            problem = problem_of(error)
            return office.pages.draw("unsent.html", problem=problem, words=text), problem.status
        return to_page(case_path(reference), done="waits_for_them" if now.waits else "said")

    @desk.post("/desk/cases/<reference>/talk/end")
    def end(reference: str) -> ResponseReturnValue:
        end_talk(office.database, session().caseworker, reference)
        return to_page(case_path(reference), done="talk_ended")

    def _again(case: Case, text: str, once: str, asks_anyway: bool = False) -> str:
        drawn = part(office, case) | {"talk_text": text, "talk_once": once, "asks_anyway": asks_anyway}
        return office.pages.draw("talk.html", case=case, **drawn)

    def _with_reply(text: str, chosen: str, case: Case) -> str:
        for reply in list_replies(office.database):
            if reply.id == chosen:
                return "\n\n".join(filter(None, (text, reply.text(_language_of(case)))))
        return text

    @desk.get("/desk/replies")
    def replies() -> ResponseReturnValue:
        return office.pages.draw("replies.html", replies=list_replies(office.database))

    @desk.post("/desk/replies")
    def keep_reply() -> ResponseReturnValue:
        given = (request.form.get(name, "").replace("\r\n", "\n") for name in ("name", "english", "chinese"))
        try:
            save_reply(office.database, session().caseworker, *given)
        except ValueError:
            raise Problem("bad_request") from None
        return to_page("/desk/replies", done="reply_saved")

    @desk.post("/desk/replies/remove")
    def drop_reply() -> ResponseReturnValue:
        try:
            remove_reply(office.database, session().caseworker, bytes.fromhex(request.form.get("id", "")))
        except ValueError:
            raise Problem("bad_request") from None
        return to_page("/desk/replies", done="reply_removed")


def part(office: Office, case: Case) -> dict[str, Any]:
    """Return what `talking.html` is drawn with."""
    me = session()
    may_talk = me.role in ROLES_WITH_ALL_CASES or case.holder == me.name
    return {
        "talk": _talk_of(office, case) if may_talk else None,
        "replies": list_replies(office.database) if may_talk else (),
        "talk_once": secrets.token_hex(8),
        "talk_text": "",
        "asks_anyway": False,
    }


PARTS.append(part)


def _talk_of(office: Office, case: Case) -> Talk:
    me, now = session().caseworker, office.now()
    ways = ways_to(office.database, me, case.reference)
    safety = case.fields.get("contact_safety") or {}
    pushed = "chat" in ways
    free_for = FREE_FOR.get(case.channel or "") if pushed else None
    last_wrote = max((each.answer.at for each in case.given), default=case.submitted_at)
    open_until = None if free_for is None else last_wrote + free_for
    since = talks_since(office.database, me, case.reference)
    return Talk(
        said=said_in(case, _names(office)),
        ways=ways,
        safety=safety,
        open_until=open_until,
        waits=open_until is not None and open_until <= now,
        unsafe=pushed and not is_safe(safety, now),
        since=since if since and is_going_on(since, last_wrote, now) else None,
        language=_language_of(case),
    )


def said_in(case: Case, names: Mapping[str, str]) -> tuple[Said, ...]:
    """Return what the person wrote to colleagues and they to them, in order.

    Args:
        names: of colleagues, by hexadecimal id.
    """
    said = [
        Said(each.answer.at, str(each.answer.value), unseen=each.unseen)
        for each in case.given
        if each.field_id == "message" and each.answer.value
    ]
    said += [
        Said(entry.at, entry.text, names.get(entry.staff, "?"), entry.delivery)
        for entry in case.entries
        if entry.kind == "message"
    ]
    return tuple(sorted(said, key=lambda each: each.at))


def is_going_on(reached_at: datetime, last_wrote: datetime, now: datetime) -> bool:
    """Whether the assistant is still silent, as far as the desk can tell; `flows.talking` decides it."""
    return now - max(reached_at, last_wrote) < SILENCE


def is_safe(safety: Mapping[str, Any], now: datetime) -> bool:
    """Whether a person said that they may be contacted at this time; who said nothing of it set no limit."""
    times = set(safety.get("times") or ())
    if not times or "any_time" in times:
        return True
    here = now.astimezone(HONG_KONG)
    within = {
        "daytime": DAYTIME[0] <= here.time() < DAYTIME[1],
        "evening": EVENING[0] <= here.time() < EVENING[1],
        "weekend": here.weekday() >= 5 and DAYTIME[0] <= here.time() < EVENING[1],
    }
    return any(within.get(name, False) for name in times)


def _language_of(case: Case) -> Language:
    return next((language for language in LANGUAGES if language == case.language), ENGLISH)


def _names(office: Office) -> dict[str, str]:
    return {member.id.hex(): member.name for member in list_staff(office.database)}
