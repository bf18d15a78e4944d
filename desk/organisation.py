"""What the organisation owns: its numbers, links and hours, each with the day on which a person checked it.

The chat says what stands here from the next seconds on. Who changed or checked what is in the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.access import OWNERS
from desk.office import Office
from desk.pages import HONG_KONG, PLACES, Place
from desk.problems import Problem
from desk.session import session
from desk.turning import to_page
from flows.vocabulary import LANGUAGES, Language
from locales import Fact, Facts, FactsError, Words, load_facts
from locales.changing import FactChanged, change_fact, confirm_fact, messages_with, seen_of, with_texts
from storage import audit

PLACES.append(Place("/desk/organisation", "desk.place.organisation", OWNERS, "o", 75))

FACTS: tuple[str, ...] = (
    "service",
    "reply_time",
    "web547",
    "emergency_number",
    "helpline",
    "suicide_line_24h",
    "suicide_lines",
    "samaritan_befrienders",
    "samaritans",
    "suicide_prevention_services",
    "violence_line",
    "home_violence_line",
    "takeitdown",
    "stopncii",
    "neutral_exit",
)
"""In the order in which they are shown. What settings decide stands apart."""

FIRST = "web547"
"""Where people under 16 are sent: to be checked before anybody else is told the address."""

QUOTING = frozenset({"suicide_lines"})
"""What is put together of other facts, and changes with them."""

MOST_PREVIEWED = 6

Texts = Mapping[str, Mapping[Language, str]]


@dataclass(frozen=True)
class Shown:
    """A fact as the page shows it.

    Attributes:
        replaced: placeholders for which the settings count more than what stands here.
    """

    fact: Fact
    seen: str
    stale: bool
    replaced: frozenset[str]


def add_organisation(desk: Blueprint, office: Office) -> None:
    """Put `/desk/organisation` on the desk."""
    files, settings = office.options.facts_files, office.options.placeholders

    @desk.get("/desk/organisation")
    def organisation() -> ResponseReturnValue:
        facts = load_facts(*files)
        return office.pages.draw(
            "organisation.html",
            facts=[_shown(facts.by_id[id_], facts, settings) for id_ in FACTS],
            unchecked=not facts.by_id[FIRST].verified,
            quoting=QUOTING,
            kept=[(name, settings[name]) for name in ("draft_hours", "closed_days") if name in settings],
        )

    @desk.get("/desk/organisation/<fact_id>")
    def fact(fact_id: str) -> ResponseReturnValue:
        return _page(fact_id)

    @desk.post("/desk/organisation/<fact_id>")
    def change(fact_id: str) -> ResponseReturnValue:
        old = _fact(fact_id)
        if fact_id in QUOTING:
            raise Problem("bad_request")
        texts = {
            name: {language: request.form.get(f"{name}.{language}", "") for language in LANGUAGES}
            for name in old.texts
        }
        try:
            if request.form.get("do") != "save":
                return _page(fact_id, texts, with_texts(files, fact_id, texts))
            change_fact(files, fact_id, texts, request.form.get("seen", ""))
        except FactsError:
            return _page(fact_id, texts, problem="unfit"), 422
        except FactChanged:
            return _page(fact_id, texts, problem="changed"), 409
        _note("fact_changed", fact_id)
        return to_page("/desk/organisation", done="fact_changed")

    @desk.post("/desk/organisation/<fact_id>/checked")
    def checked(fact_id: str) -> ResponseReturnValue:
        _fact(fact_id)
        today = office.now().astimezone(HONG_KONG).date()
        try:
            # By UTC, which is behind: a day that has not come there yet counts as none.
            confirm_fact(
                files,
                fact_id,
                request.form.get("seen", ""),
                min(today, datetime.now(UTC).date()),
                session().name,
            )
        except FactChanged:
            return _page(fact_id, problem="changed"), 409
        _note("fact_checked", fact_id)
        return to_page("/desk/organisation", done="fact_checked")

    def _page(
        fact_id: str, texts: Texts | None = None, preview: Facts | None = None, problem: str = ""
    ) -> str:
        facts = load_facts(*files)
        fact = _fact(fact_id)
        return office.pages.draw(
            "organisation_fact.html",
            shown=_shown(fact, facts, settings),
            texts=texts or fact.texts,
            preview=_preview(office.words, fact, preview or facts, settings),
            previewed=preview is not None,
            problem=problem,
        )

    def _fact(fact_id: str) -> Fact:
        if fact_id not in FACTS:
            raise Problem("not_found")
        return load_facts(*files).by_id[fact_id]

    def _note(event: audit.Event, fact_id: str) -> None:
        with office.database.transaction() as connection:
            audit.append(connection, office.now(), session().staff_id, event, fact_id)


def _shown(fact: Fact, facts: Facts, settings: Mapping[str, str]) -> Shown:
    stale = fact in facts.stale(datetime.now(UTC).date())
    return Shown(fact, seen_of(fact), stale, frozenset(fact.texts.keys() & settings.keys()))


def _preview(
    words: Words, fact: Fact, facts: Facts, settings: Mapping[str, str]
) -> list[tuple[str, dict[Language, str]]]:
    """Return texts that people read and that mention the fact, in both languages."""
    said = Words(facts, settings)
    found = [
        id_ for id_ in messages_with(tuple(fact.texts), words.ids(), facts) if not id_.startswith("desk.")
    ]
    return [
        (id_, {language: said.sample(language, id_) for language in LANGUAGES})
        for id_ in found[:MOST_PREVIEWED]
    ]
