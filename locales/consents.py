"""The wordings of consent, version by version: whoever opens a case reads what was agreed to, as it was asked.

Each version is a file of its own in `consents/`, and is never changed or removed while a case may be of it. The
current one says what the catalogues say; a test holds them together.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from flows.vocabulary import Language
from locales.facts import PLACEHOLDER
from locales.words import Words

FOLDER = Path(__file__).parent / "consents"

TEXTS = ("ask.consent", "consent.more")
"""What somebody agrees to: the question, and the whole statement behind it."""


@cache
def consents() -> dict[str, dict[str, dict[Language, str]]]:
    """Return the texts of every version, by id and language, with the placeholders of facts left open."""
    return {file.stem: tomllib.loads(file.read_text("utf-8")) for file in FOLDER.glob("*.toml")}


def consent_text(words: Words, version: str, language: Language, text: str = "ask.consent") -> str | None:
    """Return a text of a version as it was asked, or None where that version is not known.

    Hours and days are those of today: what an organisation had set on the day is not kept with a case.
    """
    texts = consents().get(version)
    if texts is None:
        return None
    return PLACEHOLDER.sub(lambda found: words.fact(language, found[1]), texts[text][language])
