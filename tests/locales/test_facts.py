"""Facts: what an organisation says of its own wins, what nobody checked is named, what is malformed is explained."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.vocabulary import CHINESE, ENGLISH
from locales import FactsError, load_facts

CHECKED = """
[helpline]
text = "3111 0000"
checked = 2026-12-01
verified = true
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "facts.toml"


def stale_ids(own: Path, today: date) -> set[str]:
    return {fact.id for fact in load_facts(own).stale(today)}


def test_ours_were_dialled_by_nobody_and_all_say_so() -> None:
    facts = load_facts()
    assert {fact.id for fact in facts.stale(date(2026, 11, 22))} == set(facts.by_id)


def test_each_fact_says_where_it_comes_from() -> None:
    assert all(fact.source for fact in load_facts().by_id.values())


def test_a_text_may_differ_by_language_and_quote_other_facts() -> None:
    facts = load_facts()
    assert facts.placeholders(CHINESE)["suicide_lines"] == "18111（24 小時）、2389 2222、2382 0000"
    assert facts.placeholders(ENGLISH)["suicide_lines"] == "18111 (24 hours) or 2896 0000"


def test_an_organisation_replaces_what_it_names_and_keeps_the_rest(own: Path) -> None:
    own.write_text(CHECKED, "utf-8")
    said = load_facts(own).placeholders(ENGLISH)
    assert (said["helpline"], said["helpline_name"], said["emergency_number"]) == (
        "3111 0000",
        "RainLily",
        "999",
    )


def test_a_replaced_number_is_replaced_wherever_it_is_quoted(own: Path) -> None:
    own.write_text('[samaritans]\ntext = "2000 0000"\n', "utf-8")
    assert load_facts(own).placeholders(ENGLISH)["suicide_lines"].endswith("2000 0000")


def test_no_file_of_its_own_is_no_error(own: Path) -> None:
    assert load_facts(own) == load_facts()


@pytest.mark.parametrize(("days", "stale"), [(0, False), (90, False), (91, True), (-1, True)])
def test_what_was_checked_may_be_relied_on_for_90_days(own: Path, days: int, stale: bool) -> None:
    own.write_text(CHECKED, "utf-8")
    assert ("helpline" in stale_ids(own, date(2026, 12, 1) + timedelta(days=days))) is stale


def test_words_that_were_replaced_without_a_check_are_not_verified(own: Path) -> None:
    own.write_text(CHECKED, "utf-8")
    over = own.with_name("organisation.toml")
    over.write_text('[helpline]\nsource = "ours"\n', "utf-8")
    assert load_facts(own, over).by_id["helpline"].verified
    over.write_text('[helpline]\nname = "Ours"\n', "utf-8")
    assert not load_facts(own, over).by_id["helpline"].verified


@pytest.mark.parametrize(
    ("written", "explained"),
    [
        ("[helpline", "is not TOML"),
        ("helpline = 1", "helpline must be a table"),
        ("[help_line]\ntext = '1'", r"\[help_line\] is not a fact we know"),
        ("[helpline]\nnumber = '1'", r"\[helpline\] number is not a key we know"),
        ("[helpline]\ntext = 23755322", r"\[helpline\] text must be a text"),
        ("[helpline]\ntext = ' '", r"\[helpline\] text must be a text"),
        ("[helpline]\ntext = { en = '1' }", r"\[helpline\] text must have exactly zh_Hant_HK and en"),
        ("[helpline]\ntext = { en = '1', zh_Hant_HK = 1 }", r"\[helpline\] text must be a text"),
        ("[helpline]\ntext = '{'", r"\[helpline\] text has a brace"),
        ("[helpline]\ntext = '{nothing}'", r"\[helpline\] quotes \{nothing\}"),
        ("[helpline]\ntext = '{suicide_lines}'", r"\[helpline\] quotes \{suicide_lines\}"),
        ("[helpline]\nchecked = 'today'", r"\[helpline\] checked must be a date"),
        ("[helpline]\nchecked = 2026-11-22T10:00:00", r"\[helpline\] checked must be a date"),
        ("[helpline]\nverified = 'yes'", r"\[helpline\] verified must be true or false"),
        ("[helpline]\nsource = ''", r"\[helpline\] source must be a text"),
    ],
)
def test_a_malformed_file_is_named_with_the_fact_and_the_key(own: Path, written: str, explained: str) -> None:
    own.write_text(written, "utf-8")
    with pytest.raises(FactsError, match=explained) as error:
        load_facts(own)
    assert str(own) in str(error.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00"])
def test_a_file_that_is_no_text_is_named(own: Path, content: bytes) -> None:
    own.write_bytes(content)
    with pytest.raises(FactsError, match=r"facts\.toml"):
        load_facts(own)


def test_a_folder_in_place_of_the_file_is_named(own: Path) -> None:
    own.mkdir()
    with pytest.raises(FactsError, match="cannot be read"):
        load_facts(own)
