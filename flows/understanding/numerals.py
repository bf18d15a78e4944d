"""Numbers as people write them: digits, English words, Chinese numerals, and the number of a choice."""

from __future__ import annotations

import re

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_WORDS = {word: n for n, word in enumerate((*_UNITS, *_TEENS))} | _TENS | {"fourty": 40}
_ENGLISH = re.compile(
    rf"(?<![a-z0-9])(?:({'|'.join(_TENS)}|fourty)(?:[- ]?({'|'.join(_UNITS[1:])}))?|({'|'.join((*_TEENS, *_UNITS))}))"
    r"(?![a-z0-9'])"
)

_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"兩": 2}
_FORMAL = str.maketrans("壹貳參叁肆伍陸柒捌玖拾佰仟", "一二三三四五六七八九十百千")
_RUN = re.compile("[零一二兩三四五六七八九十百千廿卅卌壹貳參叁肆伍陸柒捌玖拾佰仟]+")
_D = "[一二兩三四五六七八九]"
_NUMERAL = re.compile(f"(?:({_D})千)?零?(?:({_D})百)?零?(?:({_D}?)(十))?零?({_D})?")
# One Chinese numeral alone is mostly part of a word (一定, 十分): it counts where something is counted.
_COUNTED = re.compile(" ?(?:[歲年月日號個半幾多]|星期|禮拜)")
_HAN = re.compile("[\u3400-\u9fff]")


def chinese_number(numeral: str) -> int | None:
    """Return what a Chinese numeral stands for, 0 to 9999, or a year read digit by digit; None if unsure.

    >>> chinese_number("廿一"), chinese_number("二零零八"), chinese_number("十五六")
    (21, 2008, None)
    """
    numeral = numeral.translate(_FORMAL)
    for short, long in (("廿", "二十"), ("卅", "三十"), ("卌", "四十")):
        numeral = numeral.replace(short, long)
    if numeral in _DIGITS:
        return _DIGITS[numeral]
    if all(character in _DIGITS for character in numeral):
        return int("".join(str(_DIGITS[c]) for c in numeral)) if len(numeral) == 4 else None
    match = _NUMERAL.fullmatch(numeral)
    if match is None:
        return None
    thousands, hundreds, tens, ten, units = match.groups()
    tens_value = (_DIGITS[tens] if tens else 1) if ten else 0
    return sum(
        _DIGITS[digit] * worth if digit else 0
        for digit, worth in ((thousands, 1000), (hundreds, 100), (units, 1))
    ) + (10 * tens_value)


def with_digits(folded: str) -> str:
    """Return a folded text with its numbers in words or Chinese numerals written in digits."""

    def english(match: re.Match[str]) -> str:
        tens, unit, small = match.groups()
        return str(_WORDS[small] if small else _WORDS[tens] + (_WORDS[unit] if unit else 0))

    def chinese(match: re.Match[str]) -> str:
        run, rest = match[0], match.string[match.end() :]
        word = len(run) == 1 and run not in "廿卅卌" and run != match.string and not _COUNTED.match(rest)
        if word and not (run == "十" and not _HAN.match(rest)):
            return run
        if len(run) == 2 and rest.startswith("年") and set(run) <= _DIGITS.keys():
            return "".join(str(_DIGITS[digit]) for digit in run)  # 零八年
        number = chinese_number(run)
        return run if number is None else str(number)

    folded = re.sub("(?<=[十廿卅])零(?=歲)", "幾", folded)
    return _RUN.sub(chinese, _ENGLISH.sub(english, folded))


_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_NAMED = r"option|choice|number|num|no\.|nr\.?|answer|ans|item|#|選項|選擇|選|揀|答案|答|第"
_POSITION = re.compile(
    rf"我?(?:(?:the )?(?:{_NAMED}) ?(?:number |no\. ?|第)?)?(\d{{1,2}})(?:st|nd|rd|th|號)?(?: (?:one|option|choice))?"
    r"|我?[揀選要]?第(\d{1,2})[個項號樣條](?:選項)?"
)
_ORDINAL = re.compile(rf"(?:the )?({'|'.join(_ORDINALS)})(?: (?:one|option|choice))?")


def ordinals_to_digits(folded: str) -> str:
    """Return a folded text with its English ordinals written in digits: `first and third` is `1 and 3`."""
    ordinal = rf"(?<![a-z]){_ORDINAL.pattern}(?![a-z])"
    return re.sub(ordinal, lambda match: str(_ORDINALS.index(match[1]) + 1), folded)


def position(reply: str) -> int | None:
    """Return the number of a choice, counted from 1, if the whole of a bare reply names one: `2`, 第二個.

    兩個 is no position: it says how many, not which.
    """
    if ordinal := _ORDINAL.fullmatch(reply):
        return _ORDINALS.index(ordinal[1]) + 1
    reply = re.sub("[一二三四五六七八九十]+", lambda m: str(chinese_number(m[0]) or m[0]), with_digits(reply))
    match = _POSITION.fullmatch(reply)
    return int(match[1] or match[2]) if match else None
