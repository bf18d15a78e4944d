"""The facts of an instance that a person has to look at: numbers, links and hours the chat gives out."""

from __future__ import annotations

from datetime import UTC, datetime

from locales import Fact, load_facts
from settings import Settings

REFERRAL = "web547"
"""Where people under 16 are sent, who are told nothing else: unchecked, it must not be given to anybody."""


_NOT_ASKED = frozenset({"early_hours"})
"""Decided by the program, and checked by its tests."""


def stale_facts(settings: Settings) -> list[Fact]:
    """Return what was never checked, or not for 90 days; what a setting replaces is the setting's affair."""
    replaced = settings.placeholders().keys() | _NOT_ASKED
    stale = load_facts(*settings.facts_files).stale(datetime.now(UTC).date())
    return [fact for fact in stale if not fact.texts.keys() <= replaced]


def may_be_public(settings: Settings) -> bool:
    """Whether the referral for people under 16 was ever checked by a person."""
    return load_facts(*settings.facts_files).by_id[REFERRAL].verified


def told(fact: Fact) -> str:
    """Say in a line what is to be checked."""
    says = "; ".join(dict.fromkeys(text for texts in fact.texts.values() for text in texts.values()))
    why = f"last checked {fact.checked}" if fact.verified else "never checked"
    return f"{fact.id}, {why}: {says}"
