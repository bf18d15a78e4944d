"""The page's routes. Without a script, each turn is a form whose answer is the whole page again."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from bot.access import TOKEN
from bot.problems import Problem, note, retry_header
from bot.web.pages import SAYS, Held, Pages
from bot.web.visit import Visits, new_id
from bot.web.wire import LONGEST_ID, MESSAGE_ID, MOST_CHOICES, Posted, language_named
from flows.turn import LONGEST_TEXT
from flows.vocabulary import Language
from locales import negotiate

FORGET = '"cache", "storage"'
"""What a browser is told to clear when the page is left; the cache holds pages kept for Back, too."""

FORM = "application/x-www-form-urlencoded"


def add_pages(web: Blueprint, visits: Visits, pages: Pages, exit_url: str) -> None:
    """Put the page and the way out on the blueprint."""

    @web.get("/")
    def start() -> ResponseReturnValue:
        return pages.start(page_language(request.args.get("language")))

    @web.post("/")
    def turn() -> ResponseReturnValue:
        if request.mimetype != FORM:
            raise Problem("media_type")
        language = page_language(request.form.get("language"))
        if not request.form.get("token"):
            return _begin(language, request.form.get("code", ""))
        return _hear(replace(_read(request.form), shown=request.form.get("shown", "")), language)

    @web.get("/exit")
    def leave() -> ResponseReturnValue:
        return _forgetting(make_response(redirect(exit_url, 303)))

    @web.post("/exit")
    def leave_and_erase() -> ResponseReturnValue:
        token = request.form.get("token", "") if request.mimetype == FORM else ""
        if TOKEN.fullmatch(token):
            try:
                visits.leave(token, erase=True)
            except Exception as failure:
                note(failure)  # leaving comes first, and what is unfinished erases itself later
        # Not a redirect: browsers hold redirects of a form to `form-action`, wherever they lead, and a
        # neutral site that moved would then keep the person here.
        response = make_response(pages.left(page_language(None), exit_url))
        response.headers["Refresh"] = f"0; url={exit_url}"
        return _forgetting(response)

    @web.get("/favicon.ico")
    def icon() -> ResponseReturnValue:
        return "", 204

    def _begin(language: Language, code: str) -> ResponseReturnValue:
        try:
            token, answer = visits.begin()
            if 0 < len(code) <= LONGEST_ID:
                visits.hear(Posted(new_id(), choice=language).heard(token))
                answer = visits.hear(Posted(new_id(), text=code).heard(token))
        except Exception as failure:
            problem = note(failure)
            return pages.start(language, problem.text), problem.status, retry_header(problem)
        return pages.turn(language, token, answer, Held(new_id()))

    def _hear(sent: _Sent, language: Language) -> ResponseReturnValue:
        if sent.missing:
            return _present(sent, language, sent.missing, 200)
        try:
            answer = visits.hear(sent.posted.heard(sent.token), sent.shown)
        except Exception as failure:
            problem = note(failure)
            if problem.code == "id_reused":
                return _present(sent, language, problem.text, problem.status)
            if problem.code == "unauthorised":
                # Never the words again: this may be somebody else, pressing Back after the person left.
                raise problem from None
            held = Held(sent.posted.id, sent.kept, sent.fields)
            page = pages.again(language, sent.token, held, problem.text)
            return page, problem.status, retry_header(problem)
        return pages.turn(language, sent.token, answer, Held(new_id(), sent.typed))

    def _present(sent: _Sent, language: Language, notice: str, status: int) -> ResponseReturnValue:
        answer = visits.present(sent.token)
        return pages.turn(language, sent.token, answer, Held(new_id(), sent.typed), notice), status


def page_language(named: str | None) -> Language:
    """The language of a page: the one that was asked for, else what the browser prefers."""
    return language_named(named) or negotiate(request.headers.get("Accept-Language", ""))


@dataclass(frozen=True)
class _Sent:
    """One turn of a page without a script.

    Attributes:
        typed: words that stood in the box and were not sent by the button that was pressed.
        fields: what the button sent, to be sent again.
        missing: what to say when nothing was chosen or written.
        shown: the id of the last colleague's message that the page before showed.
    """

    token: str
    posted: Posted
    typed: str
    fields: tuple[tuple[str, str], ...]
    missing: str = ""
    shown: str = ""

    @property
    def kept(self) -> str:
        """What the person wrote, whether it was to be sent or not; never the words of a button."""
        return self.typed or ("" if self.fields else self.posted.text)


def _read(form: MultiDict[str, str]) -> _Sent:
    token, id_, step = form.get("token", ""), form.get("id", ""), form.get("step") or None
    if not TOKEN.fullmatch(token):
        raise Problem("unauthorised")
    if not MESSAGE_ID.fullmatch(id_) or len(step or "") > LONGEST_ID:
        raise Problem("bad_request")
    text = re.sub(r"\r\n?", "\n", form.get("text", ""))
    if (choice := form.get("choice")) is not None and len(choice) <= LONGEST_ID:
        return _Sent(token, Posted(id_, choice=choice, step=step), text, (("choice", choice),))
    if (says := SAYS.get(form.get("say", ""))) is not None:
        return _Sent(token, Posted(id_, text=says, step=step), text, (("say", form["say"]),))
    chosen = tuple(choice for choice in form.getlist("choices") if len(choice) <= LONGEST_ID)[:MOST_CHOICES]
    # Whoever ticks and then presses the button beside the empty box means what was ticked.
    if "chosen" in form or (chosen and not text.strip()):
        fields = (("chosen", "1"), *(("choices", choice) for choice in chosen))
        missing = "" if chosen else "page.none_chosen"
        return _Sent(token, Posted(id_, choices=chosen, step=step), text, fields, missing)
    # Too long to be taken in one piece: back into the box, to be parted.
    typed = text if len(text) > LONGEST_TEXT else ""
    missing = "" if text.strip() else "page.empty"
    return _Sent(token, Posted(id_, text=text, step=step), typed, (), missing)


def _forgetting(response: Response) -> Response:
    response.headers["Clear-Site-Data"] = FORGET
    return response
