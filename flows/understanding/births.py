"""Dates of birth, in the ways people write them, and how old they make somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_SEP = r" ?[-/. ] ?"
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<![\d./-]){_YEAR} ?[-/.年 ] ?(?P<month>\d{{1,2}}) ?[-/.月 ] ?(?P<day>\d{{1,2}})(?![\d/-]) ?[日號]?",
        rf"(?<![\d./-])(?P<first>\d{{1,2}}){_SEP}(?P<second>\d{{1,2}}){_SEP}{_YEAR}",
        rf"(?<![\d./-])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ -]?(?:of )?(?P<name>{MONTH})[ ,.'-]*{_YEAR}",
        rf"\b(?P<name>{MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?[ ,]+{_YEAR}",
        rf"\b(?P<name>{MONTH})[ ,.]*{_YEAR}",
        rf"(?<!\d){_YEAR} ?年 ?(?P<month>\d{{1,2}}) ?月",
        rf"(?<![\d./-])(?P<month>\d{{1,2}}) ?[-/.] ?{_YEAR}(?![./-]\d)",
        rf"(?<!\d:)(?<![\d.,/$#-]){_YEAR}(?![.,:/%-]\d|%|s\b)",
        r"\bborn (?:in )?'?(?P<short>\d\d)(?!\d)",
        r"(?<!\d)(?P<short>\d\d) ?年(?=出世|出生|生|嘅)",
        r"^(?P<short>[4-9]\d) ?年[呀啊㗎]?$",  # 98年 by itself: of a year as near as 16年 nothing can be told
    )
)
_WORDS = re.compile(
    r"\b(?:i was born|i'm born|was born|born|dob|date of birth|birth ?date|birthday|bday|birth year|year of birth)\b"
    r"(?: is\b| in\b| on\b)*|出世|出生|生日|生於|日期|年份|[年日號生嘅係是喺於]"
)


def age_on(day: date, born: date) -> int:
    """Return the age in whole years on `day` of somebody born on `born`."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def take_births(text: str, today: date) -> tuple[list[tuple[int, int]], str]:
    """Take the dates of birth out of a folded text.

    Returns:
        For each date the youngest and oldest age it leaves open on `today`, over both orders of day and
        month where both are dates; and the text without the dates and the words that go with them.
    """
    spans: list[tuple[int, int]] = []

    def take(match: re.Match[str]) -> str:
        ages = [age_on(today, born) for span in _readings(match.groupdict(), today) for born in span]
        if not ages:
            return match[0]
        spans.append((min(ages), max(ages)))
        return " "

    for pattern in _DATES:
        text = pattern.sub(take, text)
    return spans, _WORDS.sub(" ", text) if spans else text


def _readings(parts: dict[str, str | None], today: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day that each way of reading the parts of a date allows."""
    found = {name: value for name, value in parts.items() if value is not None}
    if "short" in found:
        century = 2000 if 2000 + int(found["short"]) <= today.year else 1900
        year = century + int(found["short"])
    else:
        year = int(found["year"])
    if "name" in found:
        found["month"] = str(_MONTHS.index(found["name"][:3]) + 1)
    if "first" in found:
        orders = {(found["first"], found["second"]), (found["second"], found["first"])}
    elif "day" in found:
        orders = {(found["day"], found["month"])}
    else:
        first, last = (int(found.get("month", 1)), int(found.get("month", 12)))
        if 1 <= first <= last <= 12:
            yield date(year, first, 1), date(year + last // 12, last % 12 + 1, 1) - timedelta(days=1)
        return
    for day, month in orders:
        try:
            born = date(year, int(month), int(day))
        except ValueError:
            continue  # the day of this order is no month
        yield born, born
