"""Ages: doubt never passes as 16."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.understanding.ages import Age, read_age, read_image_age, says_under_16
from tests.flows.understanding.tables import table
from tests.rows import every_row

TODAY = date(2026, 11, 22)
DOUBTED = (Age.UNDER_16, Age.UNCLEAR)


@every_row(table("read_age"))
def test_an_answer_to_are_you_sixteen_is_read(age: str, typed: str) -> None:
    expected = DOUBTED if age == "not_16" else (Age(age),)
    assert read_age(typed, TODAY) in expected


@every_row(table("says_under_16"))
def test_only_the_writer_now_is_under_sixteen(says: str, typed: str) -> None:
    assert says_under_16(typed, TODAY) is (says == "yes")


@every_row(table("image_age"))
def test_an_answer_about_the_images_is_read(answer: str, typed: str) -> None:
    assert read_image_age(typed) == (answer or None)


ENGLISH = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
]
CHINESE = [
    "零",
    "一",
    "二",
    "三",
    "四",
    "五",
    "六",
    "七",
    "八",
    "九",
    "十",
    "十一",
    "十二",
    "十三",
    "十四",
    "十五",
]
AROUND = st.sampled_from(
    [
        "I'm {}", "i am {} years old", "yes {}", "yes, I'm {}", "{} yo", "{}歲", "我{}歲", "我今年{}", "係，{}歲", "夠，{}",
        "only {}", "almost {}", "turned {} last year", "over {}", "{}+", "at least {}", "{} or above", "{}歲半", "滿{}", "已滿{}歲",
        "{}歲以上", "not {}", "not under {}", "唔係{}", "no, {}", "{}!", "about {}", "~{}", "{} 🙂", "{}f", "(yes) {}", "yes I am {} now",
        "未夠{}", "剛滿{}", "{} already", "definitely {}", "{}.0", "{}/1", "{}-1", "0{}", "-{}", "{} yes", "age: {}", "{}喇", "有{}",
    ]
)  # fmt: skip


@given(st.integers(2, 15), AROUND, st.sampled_from([str, lambda n: ENGLISH[n], lambda n: CHINESE[n]]))
def test_a_number_below_sixteen_is_never_sixteen(number: int, around: str, write: object) -> None:
    assert callable(write)
    assert read_age(around.format(write(number)), TODAY) in DOUBTED


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(2, 15))
def test_a_number_below_sixteen_amid_anything_is_never_sixteen(text: str, number: int) -> None:
    letters = "".join(character for character in text if not character.isnumeric())
    for typed in (f"{letters} {number}", f"{number} {letters}", f"yes {letters} {number}"):
        assert read_age(typed, TODAY) in DOUBTED


@given(st.dates(date(1920, 1, 1), date(2025, 12, 31)), st.dates(date(2026, 1, 1), date(2030, 12, 31)))
@example(date(2010, 11, 22), TODAY)
@example(date(2010, 2, 28), date(2026, 2, 28))
def test_a_full_date_of_birth_decides_to_the_day(born: date, today: date) -> None:
    days = (today.year - born.year, (today.month, today.day) < (born.month, born.day))
    age = days[0] - days[1]
    read = read_age(born.isoformat(), today)
    if age >= 16 and age <= 110:
        assert read == Age.SIXTEEN_OR_ABOVE
    else:
        assert read in DOUBTED
    if 7 <= age < 16:
        assert read == Age.UNDER_16


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_raises(text: str) -> None:
    read_age(text, TODAY)
    says_under_16(text, TODAY)
    read_image_age(text)


@pytest.mark.parametrize("unit", ["我今年15歲", "I'm 15 ", "not ", "yes no ", "15 ", "just ", "\ud800", "年"])
def test_a_megabyte_is_no_age(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    assert read_age(text, TODAY) in DOUBTED
    assert read_image_age(text) != "yes"
    says_under_16(text, TODAY)
