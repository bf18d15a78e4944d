"""A case for somebody who called: a colleague asks the same questions, by the same rules, and types the answers.

It is the conversation itself, on the channel `phone`: nothing is kept before the caller agrees, answers are
sealed as they come and cannot be read back, and the case lands in the queue, claimed by nobody.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.access import READERS
from desk.office import Office
from desk.pages import PLACES, Place
from desk.problems import Problem
from desk.session import session
from desk.turning import to_page
from flows.steps import ENDS, STEP, progress
from flows.turn import standing, turn
from flows.vocabulary import LANGUAGES, Conversation, Heard, Outside, Reply, Submitted, Turn
from locales import TAGS
from storage.casework import note_taken_by_phone
from storage.intake import Intake

PLACES.append(Place("/desk/by-phone", "desk.place.by_phone", READERS, "c", 20))

CHANNEL = "phone"

WORDS: dict[str, str] = {"skip": "skip", "back": "back", "why": "why"}
"""What the buttons below every question say for the colleague."""

_CALL = re.compile(r"[0-9a-f]{32}")
_LONG_TEXTS = frozenset({"story", "links"})


@dataclass(frozen=True)
class Said:
    """One text of an answer, in the caller's language.

    Attributes:
        choices: (id, what it says), in order.
    """

    text: str
    choices: tuple[tuple[str, str], ...]
    several: bool


def add_by_phone(desk: Blueprint, office: Office) -> None:
    """Put `/desk/by-phone` on the desk."""
    options = office.options
    intake = Intake(
        office.database,
        office.keys,
        options.journal,
        options.draft_hours,
        code_parameters=options.code_parameters,
    )

    @desk.get("/desk/by-phone")
    def begin_page() -> ResponseReturnValue:
        return office.pages.draw("by_phone_begin.html")

    @desk.post("/desk/by-phone")
    def begin() -> ResponseReturnValue:
        language = request.form.get("language", "")
        if language not in LANGUAGES:
            raise Problem("bad_request")
        call = secrets.token_hex(16)
        _hear(call, "start", kind="start")
        _hear(call, "language", choice=language)
        return to_page(f"/desk/by-phone/{call}")

    @desk.get("/desk/by-phone/<call>")
    def question(call: str) -> ResponseReturnValue:
        now = office.now()
        conversation = intake.peek(CHANNEL, _address(call), now)
        if conversation is None:
            return to_page("/desk/by-phone")
        return _page(call, standing(conversation, _heard(call, "present", kind="start"), now))

    @desk.post("/desk/by-phone/<call>")
    def answer(call: str) -> ResponseReturnValue:
        delivery = request.form.get("id", "")
        if not _CALL.fullmatch(delivery) or not request.form.get("at"):
            raise Problem("bad_request")
        reply = _hear(call, delivery, asked_at=request.form["at"], **_answer())
        return _page(call, reply)

    @desk.post("/desk/by-phone/<call>/leave")
    def leave(call: str) -> ResponseReturnValue:
        intake.leave(CHANNEL, _address(call), True, office.now())
        return to_page("/desk/by-phone", done="call_left")

    def _hear(call: str, delivery: str, **heard: Any) -> Reply:
        now = office.now()
        handed_over: list[str] = []

        def decide(conversation: Conversation | None, outside: Outside) -> Turn:
            if conversation is None and heard.get("kind") != "start":
                raise Problem("call_over")
            decided = turn(conversation, said, now, outside)
            handed_over[:] = [each.reference for each in decided.records if isinstance(each, Submitted)]
            return decided

        said = _heard(call, delivery, **heard)
        reply = intake.take(said, now, decide)
        for reference in handed_over:
            note_taken_by_phone(office.database, session().caseworker, reference)
        return reply

    def _heard(call: str, delivery: str, **heard: Any) -> Heard:
        return Heard(CHANNEL, _address(call), id=delivery, **heard)

    def _page(call: str, reply: Reply) -> str:
        return office.pages.draw(
            "by_phone.html",
            call=call,
            delivery=secrets.token_hex(16),
            step=reply.step,
            says=[_said(office, reply, each) for each in reply.says],
            tongue=TAGS[reply.language] if reply.language else "",
            progress=progress(reply.step),
            over=reply.step in ENDS or reply.step == "submitted",
            aloud=reply.step == "consent",
            skippable=reply.step in STEP and not STEP[reply.step].required,
            rows=6 if reply.step in _LONG_TEXTS else 2,
        )


def _address(call: str) -> str:
    """Return where this conversation is: whoever began it goes on with it, and nobody else."""
    if not _CALL.fullmatch(call):
        raise Problem("not_found")
    return f"{session().staff_id.hex()}:{call}"


def _answer() -> dict[str, Any]:
    """Return what was pressed or typed: a button first, then what is ticked, then the text."""
    form = request.form
    if form.get("choice"):
        return {"choice": form["choice"]}
    if form.get("word") in WORDS:
        return {"text": WORDS[form["word"]]}
    if form.get("text", "").strip():
        return {"text": form["text"]}
    return {"choices": tuple(form.getlist("choices"))} if form.getlist("choices") else {"text": ""}


def _said(office: Office, reply: Reply, say: Any) -> Said:
    words = office.words
    return Said(
        words.say(reply.language, say.id, say.params),
        tuple((choice.id, words.label(reply.language, choice.label)) for choice in say.choices),
        say.several,
    )
