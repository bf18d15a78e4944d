"""The pages of the desk, drawn from templates that know nothing but what is handed to them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from jinja2 import pass_context
from jinja2.runtime import Context

from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import TAGS, Words, negotiate
from locales.templates import templates
from storage.sessions import Session
from storage.staff import Role

HONG_KONG = ZoneInfo("Asia/Hong_Kong")
LANGUAGE_COOKIE = "desk_language"
NAMES: Mapping[Language, str] = {ENGLISH: "English", CHINESE: "中文"}

Params = str | int


@dataclass(frozen=True)
class Place:
    """A place in the navigation.

    Attributes:
        text: the id of its name.
        key: the last letter of the shortcut that goes there: `g` and this one.
        order: small ones come first.
    """

    path: str
    text: str
    roles: frozenset[Role]
    key: str
    order: int


class Pages:
    """Draws every page."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._known = words.ids()

    def draw(self, template: str, **more: Any) -> str:
        """Draw a page in the language of this request.

        Every template may use `say(id, **params)`, `when(moment)`, `on_day(date)`, `session` (None before
        signing in), `csrf`, `writer`, `places`, `path`, `done` (the id of a text, or empty), `now`, and `colon` and
        `comma` as the language has them.
        """
        language = page_language()
        session: Session | None = g.get("session")

        def say(text: str, **params: Params) -> str:
            return self._words.say(language, text, params)

        page = _TEMPLATES.get_template(template).render(
            {
                "say": say,
                "language": language,
                "lang": TAGS[language],
                "colon": "：" if language == CHINESE else ": ",
                "comma": "、" if language == CHINESE else ", ",
                "now": datetime.now(UTC),
                "session": session,
                "csrf": session.csrf if session else "",
                "writer": g.get("writer", ""),
                "places": _places(session),
                "path": request.path,
                "done": self._done(),
                "problem": None,
                "held": "",
                **more,
            }
        )
        # Half a character, which some people's phones send, stands in a text and travels in no page.
        return page.encode("utf-8", "replace").decode()

    def say(self, text: str, **params: Params) -> str:
        """Say a text in the language of this request."""
        return self._words.say(page_language(), text, params)

    def _done(self) -> str:
        text = f"desk.done.{request.args.get('done', '')}"
        return text if text in self._known else ""


PLACES: list[Place] = []
"""The navigation; each module of pages adds its own."""


def page_language() -> Language:
    """The language of this request: the one that was chosen, else what the browser prefers."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    return negotiate(request.headers.get("Accept-Language", ""))


def _places(session: Session | None) -> list[Place]:
    if session is None or session.stage != "open":
        return []
    return [place for place in sorted(PLACES, key=_order) if session.role in place.roles]


def first_place(session: Session) -> Place:
    """Return where somebody with this role begins."""
    return _places(session)[0]


def _order(place: Place) -> int:
    return place.order


# ------------------------------------------------------------------ times

_UNITS: tuple[tuple[timedelta, str], ...] = (
    (timedelta(days=1), "desk.ago.days"),
    (timedelta(hours=1), "desk.ago.hours"),
    (timedelta(minutes=1), "desk.ago.minutes"),
)


@dataclass(frozen=True)
class Moment:
    """A time as it is shown: how long ago, exactly, and for machines."""

    ago: str
    exact: str
    iso: str


@pass_context
def _when(context: Context, at: datetime) -> Moment:
    say: Callable[..., str] = context["say"]
    here = at.astimezone(HONG_KONG)
    passed = context["now"] - at
    ago = say("desk.ago.now")
    for unit, text in _UNITS:
        if passed >= unit:
            ago = say(text, n=passed // unit)
            break
    day = _on_day(context, here.date())
    return Moment(ago, f"{day} {here:%H:%M}", at.astimezone(UTC).isoformat(timespec="seconds"))


@pass_context
def _on_day(context: Context, day: date) -> str:
    if context["language"] == CHINESE:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%b} {day.year}"


# ------------------------------------------------------------------ templates

_TEMPLATES = templates(
    "desk",
    languages=[(code, TAGS[code], NAMES[code]) for code in LANGUAGES],
    when=_when,
    on_day=_on_day,
)
