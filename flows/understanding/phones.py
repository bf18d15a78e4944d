"""Telephone numbers, with prose around them: of Hong Kong where no country code says otherwise.

A number that was guessed wrong tells a stranger: what could be of two countries is asked again.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from flows.understanding.contact_details import Contact, Problem

_NAMES_OF_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_DIGIT_WORDS = dict(zip(_NAMES_OF_DIGITS, "0123456789", strict=True)) | {"oh": "0"}
_CHINESE_DIGITS = str.maketrans("零〇一二三四五六七八九壹貳參肆伍陸柒捌玖", "00123456789123456789")
_SPOKEN_DIGITS = re.compile(rf"\b(?:(?:{'|'.join(_DIGIT_WORDS)})\b[ ,-]*){{7,}}", re.IGNORECASE)
_CHINESE_RUN = re.compile(r"(?:[零〇一二三四五六七八九壹貳參肆伍陸柒捌玖][ -]?){7,}")
# Digits that are no part of a number: dates, times, ages.
_NOT_A_PHONE = re.compile(
    r"(?<!\d)(?:19|20)\d\d ?[-/.年] ?\d{1,2} ?[-/.月] ?\d{1,2}(?!\d)日?"
    r"|(?<![\d.\-/])\d{1,2}([-/.])\d{1,2}\1(?:19|20)?\d\d(?![\d.\-/])"
    r"|(?<!\d)\d{1,2}:\d\d(?!\d)(?: ?[ap]\.?m)?|(?<!\d)\d{1,2} ?(?:[ap]\.?m\b|點|点|時|时|歲|岁|years?)",
    re.IGNORECASE,
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")
# Not behind one capital letter: a Hong Kong identity card is `A123456(7)`.
_RUN = re.compile(r"(?<!\b[A-Z])(?<!\d)(?:\++ ?|00)?[(\[]?\d[\d ().\[\]_-]*\d(?:[)\]](?!\w))?")
_EXTENSION = re.compile(
    r" ?[,;(]? ?(?:ext(?:ension)?\.?|內線|内线|分機|分机|轉|转) ?[:=]? ?(\d{1,6})(?!\d)", re.IGNORECASE
)
_COMPACT_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_FIRST_OF_HONG_KONG = "23456789"
_WRITTEN_AT_HOME = ("CN", "US", "GB", "TW", "AU", "SG", "PH", "IN")
_COUNTRIES = {
    "CN": re.compile("大陸|大陆|內地|内地|中國|中国|china|mainland", re.IGNORECASE),
    "TW": re.compile("台灣|台湾|臺灣|taiwan", re.IGNORECASE),
    "MO": re.compile("澳門|澳门|maca[uo]", re.IGNORECASE),
    "GB": re.compile(r"英國|英国|\buk\b|britain|england", re.IGNORECASE),
}
_OF_THIS_NUMBER = re.compile(
    r"(?:電話|电话|手機|手机|手提|號碼|号码|number|no\.?|mobile|phone|[ :+])*\Z", re.IGNORECASE
)


def read_phone(text: str) -> Contact | Problem:
    """Read the one telephone number of a cleaned, half-width text."""
    text = _SPOKEN_DIGITS.sub(_spoken_as_digits, text)
    text = _CHINESE_RUN.sub(lambda run: run[0].translate(_CHINESE_DIGITS), text)
    text = _NOT_A_PHONE.sub("\n", _DASHES.sub("-", text))
    numbers: dict[str, Contact] = {}
    problems: list[tuple[int, Problem]] = []
    at = 0
    while run := _RUN.search(text, at):
        at = run.end()
        if parts := _two_of_hong_kong(run[0]):
            numbers |= {contact.value: contact for contact in map(_shown, map(_of_hong_kong, parts))}
            continue
        read = _number(run[0], _country_of(text[: run.start()], run[0]))
        if isinstance(read, Problem):
            problems.append((sum(sign.isdigit() for sign in run[0]), read))
            continue
        if extension := _EXTENSION.match(text, at):
            read.extension, at = extension[1], extension.end()
        contact = _shown(read)
        numbers[contact.value] = contact
    if len(numbers) > 1 or (numbers and any(digits >= 8 for digits, _ in problems)):
        return Problem.SEVERAL
    if numbers:
        return next(iter(numbers.values()))
    return max(problems, key=lambda problem: problem[0])[1] if problems else Problem.NOT_A_NUMBER


def _spoken_as_digits(run: re.Match[str]) -> str:
    return "".join(_DIGIT_WORDS[word] for word in re.findall(r"[a-z]+", run[0].lower()))


def _country_of(before: str, run: str) -> str | None:
    """Return the country named before a number; for eight digits, which Macau has too, directly before."""
    for country, name in _COUNTRIES.items():
        for named in name.finditer(before):
            if len(re.findall(r"\d", run)) != 8 or _OF_THIS_NUMBER.match(before, named.end()):
                return country
    return None


def _shown(number: PhoneNumber) -> Contact:
    value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    extension = f";ext={number.extension}" if number.extension else ""
    return Contact(value + extension, phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))


def _two_of_hong_kong(run: str) -> list[str]:
    """Split `9123 4567 9876 5432` into its two numbers; nothing where it is not two."""
    halves = re.fullmatch(r"((?:\d\D*){7}\d)\D+((?:\d\D*){7}\d)\D?", run)
    digits = [re.sub(r"\D", "", half) for half in halves.groups()] if halves else []
    return digits if all(half[0] in _FIRST_OF_HONG_KONG for half in digits) else []


def _number(run: str, country: str | None) -> PhoneNumber | Problem:
    """Read a run of digits and what separates them; a number of a line or an hour may stand at its ends."""
    groups = re.findall(r"\d+", run)
    read = _whole_number(run, "".join(groups), country)
    if isinstance(read, Problem) and len(groups) > 1:
        for rest, dropped in ((groups[1:], groups[0]), (groups[:-1], groups[-1])):
            if len(dropped) < 3 and not run.startswith("+"):
                without = _whole_number(" ".join(rest), "".join(rest), country)
                if not isinstance(without, Problem):
                    return without
    return read


def _whole_number(run: str, digits: str, country: str | None) -> PhoneNumber | Problem:
    if run.lstrip("([").startswith(("+", "00")):
        return _with_country_code(digits.removeprefix("00"))
    if country and (number := _valid(digits, country)):
        return number
    if len(digits) == 8 and digits[0] in _FIRST_OF_HONG_KONG:
        return Problem.NOT_A_NUMBER if _COMPACT_DATE.fullmatch(run) else _of_hong_kong(digits)
    if digits.startswith("852"):
        return _with_country_code(digits)
    if len(digits) < 8:
        return Problem.TOO_SHORT if len(digits) > 4 else Problem.NOT_A_NUMBER
    if (len(digits) == 9 and digits[0] in _FIRST_OF_HONG_KONG) or len(digits) > 15:
        return Problem.TOO_LONG
    # Without the plus, it must not also be a number as it is written at home in another country.
    number = _valid(f"+{digits}", None)
    elsewhere = (_valid(digits, country) for country in _WRITTEN_AT_HOME)
    if number is None or any(other not in (None, number) for other in elsewhere):
        return Problem.UNKNOWN_COUNTRY
    return number


def _with_country_code(digits: str) -> PhoneNumber | Problem:
    if re.fullmatch(r"852[2-9]\d{7}", digits):
        return _of_hong_kong(digits.removeprefix("852"))
    if digits.startswith("852") and len(digits) != 11:
        return Problem.TOO_SHORT if len(digits) < 11 else Problem.TOO_LONG
    if number := _valid(f"+{digits}", None):
        return number
    try:
        reason = phonenumbers.is_possible_number_with_reason(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return Problem.UNKNOWN_COUNTRY if len(digits) > 7 else Problem.TOO_SHORT
    if reason in {ValidationResult.TOO_SHORT, ValidationResult.IS_POSSIBLE_LOCAL_ONLY} or len(digits) < 10:
        return Problem.TOO_SHORT
    return Problem.TOO_LONG if reason == ValidationResult.TOO_LONG else Problem.NOT_A_NUMBER


def _of_hong_kong(digits: str) -> PhoneNumber:
    """Take any eight digits: new ranges are given out before the tables know them."""
    return PhoneNumber(country_code=852, national_number=int(digits))


def _valid(digits: str, country: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
