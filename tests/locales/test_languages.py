"""What devices ask for leads to one of our two languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import TAGS, negotiate


@pytest.mark.parametrize(
    ("tags", "language"),
    [
        ("zh-HK", CHINESE),
        ("zh-TW", CHINESE),
        ("zh-MO", CHINESE),
        ("zh-CN", CHINESE),
        ("zh-SG", CHINESE),
        ("zh", CHINESE),
        ("zh-Hant", CHINESE),
        ("zh-Hant-HK", CHINESE),
        ("zh-Hant-TW", CHINESE),
        ("zh-Hans-CN", CHINESE),
        ("zh-Hans-HK", CHINESE),
        ("zh-yue", CHINESE),
        ("yue", CHINESE),
        ("yue-HK", CHINESE),
        ("yue-Hant-HK", CHINESE),
        ("yue-Hans-CN", CHINESE),
        ("cmn-Hans-CN", CHINESE),
        ("ZH-hk", CHINESE),
        ("zh_HK", CHINESE),
        ("zh_Hant_HK", CHINESE),
        ("zh_HK.UTF-8", CHINESE),
        ("en", ENGLISH),
        ("en-GB", ENGLISH),
        ("en-HK", ENGLISH),
        ("en_US.UTF-8", ENGLISH),
        ("zh-HK,zh;q=0.9,en-US;q=0.8,en;q=0.7", CHINESE),
        ("en-GB,en;q=0.9,zh-HK;q=0.8", ENGLISH),
        ("en;q=0.5, zh-Hant-HK;q=0.9", CHINESE),
        ("zh-HK;q=0, en", ENGLISH),
        ("fr-FR, zh-TW;q=0.3", CHINESE),
        ("tl-PH, en;q=0.5", ENGLISH),
        ("id-ID", ENGLISH),  # a language we do not have
        ("ja", ENGLISH),
        ("*", CHINESE),
        ("", CHINESE),
        (",;q=,", CHINESE),
        ("zh-HK;q=many, en;q=0.1", ENGLISH),
        ("zh-HK;q=nan, en;q=0.1", ENGLISH),
        ("C", ENGLISH),
    ],
)
def test_a_device_gets_the_language_it_can_read(tags: str, language: Language) -> None:
    assert negotiate(tags) == language


@given(st.text())
def test_anything_at_all_leads_to_a_language(tags: str) -> None:
    assert negotiate(tags) in LANGUAGES


def test_a_page_names_the_hong_kong_forms_of_characters() -> None:
    assert TAGS == {CHINESE: "zh-Hant-HK", ENGLISH: "en"}
