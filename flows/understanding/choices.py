"""Which of the offered choices an answer means: by number, by name, or by what people type instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, cast

from flows.choices import CHOICES
from flows.understanding.choice_table import (
    DENIALS,
    NEVER_FUZZY,
    close_choice,
    exact_choice,
    key,
    wording_pattern,
    words,
)
from flows.understanding.numerals import chinese_number, ordinals_to_digits, position, with_digits
from flows.understanding.text import bare, clean, fold

LONGEST = 300
"""Characters. A longer text is a story, not a choice."""

# ------------------------------------------------------------------ one choice

_STRICT = NEVER_FUZZY | {"review"}
"""Questions where hesitation is no answer."""
_HESITANT = re.compile(r"[?]|嗎|咩$|^(?:(?:um+|uh+|erm?|h+m+)\b|呃)|(?:囉|咯|啩|掛|\blor)\W*$|\.\.")
_PASTED = re.compile(r"\s*\(?(\d{1,2}) ?[.):、-]+ ?(\D.*)")  # "2. He/him", copied from the question


def read_choice(text: str, field: str, offered: Sequence[str] | None = None) -> str | None:
    """Return the id of the one choice that `text` means, or None where that is not clear.

    Args:
        text: anything a person typed.
        field: the question, a key of `CHOICES`.
        offered: the ids that were shown, in order; by default all of them.
    """
    ids = CHOICES[field] if offered is None else tuple(offered)
    if len(text) > LONGEST or not (folded := fold(text)) or (field in _STRICT and _HESITANT.search(folded)):
        return None
    if pasted := _PASTED.fullmatch(folded):
        named = read_choice(pasted[2], field, ids)
        return named if named and _at(int(pasted[1]), ids) == named else None
    if (number := _number(folded)) is not None:
        return _at(number, ids)
    if field not in NEVER_FUZZY and key(bare(text)) in words("last"):
        return ids[-1]
    return (
        exact_choice(text, field, ids) or _said_in_parts(folded, field, ids) or close_choice(text, field, ids)
    )


_BESIDE = re.compile(
    r"(?:[ ,]|[呀啦喇啊㗎架]|(?:please|pls|la|lah|ah|thanks|thx|thank you|help me)(?![a-z0-9])|唔該晒?|多謝晒?|請?幫幫?我)+"
)
_WHOLE = frozenset({"age", "whose", "image_age", "under_16", "erase", "restart", "new", "third_party"})
"""Questions whose answer takes something away: a reply is one wording, or it is asked again."""


def _said_in_parts(folded: str, field: str, ids: Sequence[str]) -> str | None:
    """Return the choice that each part of a reply means: "yes, keep it", 唔使，繼續.

    Nothing else may be in it, and the parts stand apart: 可是 is not 可 and 是. Two different denials may
    take each other back, and "yeah, right" is no yes.
    """
    if field in _WHOLE:
        return None
    rest, wordings = key(bare(folded)), wording_pattern(field)
    chosen: set[str | None] = set()
    denials: set[str] = set()
    at = 0
    while match := wordings.match(rest, at):
        chosen.add(exact_choice(match[0], field, ids))
        denials |= {match[0]} if DENIALS.search(match[0]) else set()
        beside = _BESIDE.match(rest, match.end())
        at = beside.end() if beside else match.end()
        if at == len(rest):
            clear = len(chosen) == 1 and len(denials) < 2 and match[0] != "right"
            return chosen.pop() if clear else None
        if not beside:
            return None
    return None


def _number(folded: str) -> int | None:
    """Return the number of a choice; a sign, a decimal or a sum is none."""
    odd = re.search(r"[-+]\s*\d|\d\s*[-+.:/]\s*\d|\d\s*[%$^*+]|\$", folded)
    return None if odd else position(bare(folded))


def _at(number: int, ids: Sequence[str]) -> str | None:
    return ids[number - 1] if 1 <= number <= len(ids) else None


# ------------------------------------------------------------------ several choices

_NOT_ALL = ("other", "undisclosed")
"""Choices that "all of them" leaves out: they say that the others do not fit."""
_ALL = "|".join(sorted(map(re.escape, words("all")), key=len, reverse=True))
_ALL_BUT = re.compile(
    rf"(?:{_ALL})[ ,]?(?:but|except(?: for)?|apart from|besides|excluding|minus|other than|without|bar|除咗|除了|但唔包括?|但不包括?|[唔不]包括?|減) ?(?P<after>.+?)"
    rf"(?:之?外|以外)?|除[咗了去]?(?P<before>.+?)(?:之?外|以外)?[ ,]?(?:其他|其餘|其它)?(?:都|全|係|有|是|{_ALL})+"
)
_RANGE = re.compile(r"(\d{1,2}) ?(?:-+|~+|to|until|till|thru|through|至|到) ?(\d{1,2})(?!\d)")
_FIRST_FEW = re.compile(r"(?:the )?\bfirst (\d+)\b|[頭首] ?(\d+) ?[個項樣]")
_ONLY_NUMERALS = re.compile("[一二三四五六七八九十第個項號樣同埋和及與跟、,;至到選揀我要都係是啦 ]+")
_NUMBERED = re.compile(
    r"(?:no|nos|number|numbers|option|options|choice|choices|選項|#)\.? ?(?=\d)|第 ?(?=\d)|(?<=\d)(?:st|nd|rd|th)\b|(?<=\d) ?[項號](?!\w)"
)
_FILLER = re.compile(
    r"(?:and|n(?= \d)|also|plus|then|now|already|from|of me|my (?:photos?|pics|pictures|videos?)|photos|pics|hes|shes|theyre|im|as well as|as well|too|both|my answers? (?:is|are)|i (?:choose|pick|chose|picked|select)|its|it was|it is|they were|i was|was|were|the|with|i"
    r"|he|she|they|am|answer|only|just)(?![a-z0-9])|淨係|只係|只有|只|由|同埋?|和|及|以及|與|跟|仲有|還有|加埋?|又|亦|也|都|係|是|有|選|揀|要|我|佢|俾人|被|呀|啦|嘅|的|了|咗|第|先|然後|[ ,]+"
)
_CIRCLED = re.compile("([\u2460-\u2473\u24f5-\u24fe\u2776-\u2793]|[0-9]\ufe0f?\u20e3)")  # ①③ is no 13
_BETWEEN = re.compile(r"[,;、/&+\n|。]+|\band\b|同埋|以及|仲有|還有")


def read_choices(text: str, field: str, offered: Sequence[str] | None = None) -> tuple[str, ...] | None:
    """Return the ids of the choices that `text` means, in the order shown, or None where that is not clear.

    Numbers, ranges, names and "all but 2" work together. "All" leaves out `other` and `undisclosed`. A
    number nobody was offered, and `undisclosed` beside another choice, are asked again.
    """
    ids = CHOICES[field] if offered is None else tuple(offered)
    if len(text) > LONGEST:
        return None
    typed = _CIRCLED.sub(r" \1 ", ",".join(clean(text).splitlines()))
    if not typed or "?" in fold(typed):
        return None
    chosen = _several(fold(typed), field, ids)
    if not chosen or ("undisclosed" in chosen and len(chosen) > 1):
        return None
    return tuple(choice for choice in ids if choice in chosen)


def _several(folded: str, field: str, ids: Sequence[str]) -> set[str] | None:
    whole = key(bare(folded))
    substantive = {choice for choice in ids if choice not in _NOT_ALL}
    if whole in words("all"):
        return substantive
    if one := exact_choice(folded, field, ids):
        return {one}
    if whole in words("none"):
        return {"other"} & set(ids)
    if "兩" in folded:
        return None  # how many, not which
    if all_but := _ALL_BUT.fullmatch(whole):
        excepted = _several(all_but["after"] or all_but["before"], field, ids)
        return substantive - excepted if excepted else None
    if re.search(r"(?<![\w)])-\d|[$%^*=]", folded) or _misnumbered(folded, field, ids):
        return None
    return _scanned(folded, field, ids) or _split(folded, field, ids)


def _misnumbered(folded: str, field: str, ids: Sequence[str]) -> bool:
    """Tell whether somebody numbered their own list: `1. threatened` beside a first choice that is another."""
    named = (
        (int(number), exact_choice(name, field, ids))
        for number, name in re.findall(r"(\d{1,2})[.)] *([^\d,;]{2,})", folded)
    )
    return any(choice and _at(number, ids) != choice for number, choice in named)


def _digits(folded: str, count: int) -> str:
    """Write every number of a choice in digits, and every range out; `x` is a range that cannot be."""

    def spell_out(match: re.Match[str]) -> str:
        first, last = int(match[1]), int(match[2])
        return f" {' '.join(map(str, range(first, last + 1)))} " if 1 <= first < last <= count else " x "

    folded = _FIRST_FEW.sub(lambda match: f"1-{match[1] or match[2]}", with_digits(folded))
    folded = re.sub(r"第 ?(\d+) ?[個樣]", r"\1", with_digits(ordinals_to_digits(folded)))
    if _ONLY_NUMERALS.fullmatch(folded):
        folded = re.sub("[一二三四五六七八九十]+", lambda m: f" {chinese_number(m[0]) or 'x'} ", folded)
    return _RANGE.sub(spell_out, _NUMBERED.sub(" ", folded))


def _scanned(folded: str, field: str, ids: Sequence[str]) -> set[str] | None:
    """Read a text from left to right as names, numbers and words between them; None if anything else is in it."""
    rest = key(_digits(bare(folded), len(ids)))
    wordings = wording_pattern(field)
    chosen: set[str] = set()
    at = 0
    while at < len(rest):
        if match := wordings.match(rest, at):
            choice = exact_choice(match[0], field, ids)
        elif match := re.compile(r"\d+(?!\d)").match(rest, at):
            choice = _at(int(match[0]), ids) if len(match[0]) < 3 else None
        elif match := _FILLER.match(rest, at):
            at = match.end()
            continue
        else:
            return None
        if choice is None:
            return None
        chosen.add(choice)
        at = match.end()
    return chosen or None


def _split(folded: str, field: str, ids: Sequence[str]) -> set[str] | None:
    """Read each part of a list by itself, slips forgiven; None unless every part is a choice."""
    parts = [part for part in _BETWEEN.split(folded) if part.strip()]
    chosen = {read_choice(part, field, ids) for part in parts}
    return None if None in chosen else cast(set[str], chosen)


# ------------------------------------------------------------------ words that choose nothing


def would_rather_not(text: str) -> bool:
    """Tell whether `text`, where words are asked for, says that the person would rather not say."""
    return _is_one_of(text, "undisclosed")


def only_denies(text: str) -> bool:
    """Tell whether `text`, where words are asked for, is a no, or says that there is nothing."""
    return _is_one_of(text, "no", "not_now", "none", "nothing")


def only_agrees(text: str) -> bool:
    """Tell whether `text`, where words are asked for, is a yes or an ok to a question nobody asked."""
    return _is_one_of(text, "yes", "ok", "go_on")


def _is_one_of(text: str, *names: str) -> bool:
    if len(text) > LONGEST:
        return False
    typed = key(bare(text))
    # One letter is how some people want to be called.
    return len(typed.encode()) > 1 and any(typed in words(name) for name in names)


# ------------------------------------------------------------------ consent


def read_consent(text: str) -> Literal["agree", "decline", "more"] | None:
    """Read the answer to the consent question. Only exact wordings count; hesitation is asked again."""
    choice = read_choice(text, "consent")
    if choice is None and read_choice(re.sub("[?？嗎]", "", text), "consent") == "more":
        return "more"  # "tell me more?" asks for more; "agree?" does not agree
    return cast(Literal["agree", "decline", "more"] | None, choice)
