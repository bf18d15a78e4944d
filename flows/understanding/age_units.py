"""Ages and stretches of time, written in one way each."""

from __future__ import annotations

import re

from flows.understanding.births import MONTH

_YEARS = r"(?:歲|years? ?old\b|yrs? ?old\b|year-olds?\b|years? of age|years?|yrs?|y\.?/?o\b\.?|(?<=\d)y\b)"
_DECADES = {"teens": "10s", "twenties": "20s", "thirties": "30s", "forties": "40s", "fifties": "50s"}
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        *((rf"\b{word}\b", digits) for word, digits in _DECADES.items()),
        (r"(?<![未不])成年(?:人|咗)?|\badult\b", " 18以上 "),
        (r"\b(?:have|has|is|am|are|was|were|ai)n'?t\b", "not"),
        (r"\b(?:i have|i've|ive|have) (?=been|turned|already|just)", "i "),
        (r"\b(yes|yeah|yep|no|nope|im|i'm|age|aged)(?=\d)", r"\1 "),
        (r"(?<=[a-z]) - (?=\d)", ", "),
        (r"\byes (?:for )?sure\b|\bsure yes\b", "yes"),
        ("只?得 ?(?=\\d)|(?<=夠)歲數?", ""),
        ("半年", " SOON "),
        (r"(\b(?:i'm|im|i am|i)\b[^,.;]{0,30}) today\b", r"\1"),
        (r"\band (?=above|over|older|more|up\b)", "or "),
        # F17, 17f: how dating apps taught people to write
        (
            r"(?<![a-z'])[fm] ?/? ?(?=\d\d(?!\d))|(?<=\d\d) ?/? ?[fm]\b",
            " ",
        ),
        (
            rf"(\d\d) ?{_YEARS} ?(?:and |零|又|,)? ?(?:1[01]|\d) ?個?(?:months?|mths?|mos?|月)(?: old)?大?(?!後)",
            r"\1Y",
        ),
        (r"(?<![\d.])(1\d|[2-9]\d|[7-9])\.\d(?![\d.])", r"\1Y"),
        (r"\b1[2-9] ?(?:months?|mths?|個月)|\b[2-9]\d ?(?:months?|mths?|個月)", " LATER "),
        (
            r"(?:\d{1,2}|幾|\ban?|\ba few|\bfew|\ba couple of|\bcouple of) ?(?:more )?"
            r"(?:days?\b|weeks?\b|wks?\b|months?\b|mths?\b|日|天|個?星期|個?禮拜|個半?月|月(?:份|尾|頭|底)?)",
            " SOON ",
        ),
        (rf"\bin (?:early |mid |late )?{MONTH}\b", " SOON "),
        (
            r"(?:(?<=in )|(?<=after )|(?<=過)|(?<=過多)|(?<=[仲還]有)|(?<=[差爭]))(?:\d{1,2}|幾|a|another) ?(?:more )?"
            r"(?:years?|yrs?|年)(?! ?old)",
            " LATER ",
        ),
        (
            r"(?:\d{1,2}|幾|\ba) ?(?:more )?(?:years?|yrs?|年)"
            r"(?= ?(?:later|until|till?\b|to go|from now|away|before|short|ago|之?[後前]|先|才))",
            " LATER ",
        ),
        (rf"(\d) ?{_YEARS}? ?(?:(?:and |& ?)?(?:a half|1/2)|半(?!年)|{_YEARS})(?:大|人(?!仔))?", r"\1Y"),
    )
)


def in_units(text: str) -> str:
    """Write an age in a folded text as `15Y`, a stretch of time as `SOON` (under a year) or `LATER`."""
    for pattern, by in _REWRITES:
        text = pattern.sub(by, text)
    return text
