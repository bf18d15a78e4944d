"""What somebody agreed to can be read again as it was asked, whatever is asked today."""

from __future__ import annotations

import re

import pytest

from flows.answers import CONSENT_VERSION
from flows.vocabulary import LANGUAGES
from locales import Words
from locales.consents import TEXTS, consent_text, consents


def test_what_is_asked_today_is_kept_as_the_present_version() -> None:
    words = Words.load()
    asked = {text: {language: words.say(language, text) for language in LANGUAGES} for text in TEXTS}
    kept = {
        text: {language: consent_text(words, CONSENT_VERSION, language, text) for language in LANGUAGES}
        for text in TEXTS
    }
    assert kept == asked, "a changed wording of consent is a new version, in a new file"


@pytest.mark.parametrize("version", sorted(consents()))
def test_every_version_is_whole_in_both_languages(version: str) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d(\.\d+)?", version)
    for text in TEXTS:
        for language in LANGUAGES:
            said = consent_text(Words.load(), version, language, text)
            assert said
            assert "{" not in said


def test_a_version_nobody_knows_has_no_words() -> None:
    assert consent_text(Words.load(), "1999-01-01", LANGUAGES[0]) is None
