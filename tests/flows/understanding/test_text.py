"""The three forms of what was typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.understanding.text import bare, clean, fold

HOSTILE = st.text(st.characters(exclude_categories=())) | st.text(
    "\ud800\udfff\x00\u202e\u200d\ufeff\u0300 \r\n👍1是"
)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\tb", "a b"),
        (" \u202ehello\u202c\u2066 ", "hello"),
        ("no\ud800t\x00hing\x1b", "nothing"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("👩\u200d👧 and 1\ufe0f\u20e3", "👩\u200d👧 and 1\ufe0f\u20e3"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("佢\u200d哋", "佢哋"),
        ("\u2066\u200f\x00", ""),
    ],
)
def test_what_is_kept_looks_as_it_was_typed_and_hides_nothing(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("ＨＥＬＰ", "help"),
        ("1️⃣ ② ❸ ➃ ⓹ 🔟", "1 2 3 4 5 10"),
        ("我今年十五岁", "我今年十五歲"),
        ("唔系", "唔係"),
        ("关系", "關係"),
        ("系統", "系統"),
        ("里面 裡面 裏面", "裏面 裏面 裏面"),
        ("臺灣 台湾", "台灣 台灣"),
        ("说 説 說", "說 說 說"),
        ("影左相 send左", "影咗相 send咗"),
        ("16左右 左邊", "16左右 左邊"),
        ("快d 呢D相", "快啲 呢啲相"),
        ("I’m “fine” – ok", 'i\'m "fine" - ok'),
        ("  a \n\t b ", "a b"),
    ],
)
def test_texts_that_say_the_same_fold_to_the_same(typed: str, folded: str) -> None:
    assert fold(typed) == fold(folded) == folded


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Help!!", "help"),
        ("no thank you.", "no"),
        ("唔該 skip", "skip"),
        ("係呀！", "係"),
        ("好啦，唔該晒", "好"),
        ("可唔可以返回？", "返回"),
        ("yesssss pls 🙏", "yes"),
        ("(1)", "1"),
        ("thanks", "thanks"),
        ("please don't", "don't"),
        ("pizza", "pizza"),
        ("好了", "好了"),
        ("?", ""),
        ("👍", ""),
    ],
)
def test_politeness_around_a_short_reply_does_not_change_it(typed: str, left: str) -> None:
    assert bare(typed) == left


@given(HOSTILE)
def test_no_text_raises_and_what_is_clean_stays_clean(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept
    assert not any(unicodedata.category(character) == "Cs" for character in kept)
    fold(text)
    bare(text)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "unit", ["a", "好", "e\u0300\u0316", "\u0300\u0316", "\u202e", "\u200d", "please ", "系", "\r"]
)
def test_a_megabyte_takes_no_longer_than_its_length(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    clean(text)
    bare(text)
