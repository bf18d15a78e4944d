"""The table of what people type instead of a choice, and which choice a wording names.

Where choosing gives a permission or cannot be taken back, only the wordings of the table count. Elsewhere a
slip in typing is forgiven, if it leads to one choice clearly and turns nothing into its opposite.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from flows.understanding.slips import is_swap, likeness
from flows.understanding.text import bare, fold

NEVER_FUZZY = frozenset(
    {
        *("age", "consent", "image_age", "whose", "under_16", "erase", "restart", "new", "third_party"),
        *("danger", "human", "keep_text"),  # permissions, too
        "contact_safety",  # a wrong time can put somebody in danger
    }
)
"""Questions where a slip is asked again."""
_NEVER_FUZZY_CHOICES = frozenset({"erase", "unlink"})
"""Choices that no slip leads to, whatever the question."""

CLOSE = 85
"""Percent of `likeness` from which a wording is a slip of another."""
LEAD = 5
"""Percent by which it must be closer than to any other choice."""
_SWAPPED = 95.0
"""Percent that two neighbouring letters in the wrong order count as, whatever the length: `emial`."""
_SHORTEST_SLIP = 5
"""Characters. One letter makes another word of a shorter one."""


def key(text: str) -> str:
    """Return the form in which wordings are the same.

    Chinese keeps its pauses: 不，保留 says no and 不保留 does not.
    """
    text = re.sub(r"'", "", fold(text)).replace("_", " ")
    text = re.sub(r"(?<=[\u3400-\u9fff])[\W]+(?=[\u3400-\u9fff])", ",", text)
    text = re.sub(
        r"(?<=[\u3400-\u9fff])(\W+)(?=[a-z0-9])|(?<=[a-z0-9])(\W+)(?=[\u3400-\u9fff])", _joint, text
    )
    return " ".join(re.sub(r"[^\w,]+|(?<![\u3400-\u9fff]),+|,+(?![\u3400-\u9fff])", " ", text).split())


def _joint(match: re.Match[str]) -> str:
    return "" if match[0].isspace() else ","


_TABLE = tomllib.loads((Path(__file__).parent / "choices.toml").read_text("utf-8"))
_WORDS: dict[str, list[str]] = _TABLE.pop("words")


@cache
def words(name: str) -> frozenset[str]:
    """Return the keys of the words of that name."""
    return frozenset(map(key, _WORDS[name]))


def _load() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the wordings of each choice of each question, as keys."""

    def wordings(choice: str, lines: Sequence[str]) -> Iterator[str]:
        yield key(choice)
        for line in lines:
            yield from map(key, _WORDS[line[1:]] if line.startswith("@") else [line])

    return {
        field: {choice: tuple(dict.fromkeys(wordings(choice, lines))) for choice, lines in choices.items()}
        for field, choices in _TABLE.items()
    }


_WORDINGS = _load()


def wordings_of(field: str, choice: str) -> tuple[str, ...]:
    """Return every wording of a choice, as keys."""
    return _WORDINGS[field][choice]


@cache
def _exact(field: str) -> Mapping[str, str]:
    """Return the choice of each wording of a question; the first has it where two share one."""
    found: dict[str, str] = {}
    for choice, wordings in _WORDINGS.get(field, {}).items():
        for wording in wordings:
            found.setdefault(wording, choice)
            if field not in NEVER_FUZZY:
                found.setdefault(_loose(wording), choice)
    return found


_BEFORE = re.compile(
    r"^(?:(?:it (?:is|was)|its|that(?: i)?s|this is|he (?:is|was)|hes|she (?:is|was)|shes|they (?:are|were)|theyre|i (?:was|am|think)|im|by|from|via"
    r"|through|using|with|on|my|a|an|the|just|only|mostly|choose|pick|select|i (?:choose|pick|chose|prefer|want)|answer|use|was|is|contact me (?:by|via|on)"
    r"|reach me (?:by|via|on)|probably|you can|someone from|somebody from|(?:a )?(?:guy|person) from|former|old|current|some|one of my) |我?(?:選擇?|揀|想揀|想選|用|想用|透過|經|通過|應該係|係|是|喺|在)|佢?係我?|佢是|嗰個係|我嘅|我的|我個?|俾我?|被我?|一個|個|(?:公司|大學|中學|學校|以前)[嘅的個]?)"
)
_AFTER = re.compile(
    r"(?: (?:please|only|is ok|is fine|is okay|is best|works|is better|would be best|best|one|i think|for me|did it|it is|of mine|ok|if possible|who did (?:this|it)|(?:from|at) (?:work|school|uni)|anymore|any more|now)"
    r"|就?得|就好|就可以|得喇|都得|都可以|可以|聯絡我|搵我|做嘅|影嘅|[嘅的]?[男女][仔人生]|嘅|的|啦)$"
)


def _loose(wording: str) -> str:
    """Return a key without its pauses and without the words that carry no choice."""
    text = wording.replace(",", "")
    while True:
        shorter = _AFTER.sub("", _BEFORE.sub("", text)).strip()
        if shorter in ("", text):
            return text
        text = shorter


DENIALS = re.compile(
    r"\b(?:not?|dont|didnt|doesnt|isnt|arent|wasnt|cant|cannot|wont|never|without|non|none|nothing|but|except|un\w+)\b|[不未沒冇無非唔]"
)


def exact_choice(text: str, field: str, ids: Sequence[str]) -> str | None:
    """Return which of `ids` has the wording `text`."""
    found = _exact(field)
    return next((choice for wording in _forms(text, field) if (choice := found.get(wording)) in ids), None)


def close_choice(text: str, field: str, ids: Sequence[str]) -> str | None:
    """Return which of `ids` has a wording so close to `text` that it must be a slip in typing."""
    if field in NEVER_FUZZY:
        return None
    best = dict.fromkeys((choice for choice in ids if choice not in _NEVER_FUZZY_CHOICES), 0.0)
    for typed in _forms(text, field):
        if len(typed) < _SHORTEST_SLIP:
            continue
        denials = sorted(DENIALS.findall(typed))
        for wording, choice in _exact(field).items():
            # The first letter is hardly ever the slip: it is what tells `mother` from `other`.
            if choice in best and len(wording) >= _SHORTEST_SLIP and wording[0] == typed[0]:
                ratio = _SWAPPED if is_swap(typed, wording) else likeness(typed, wording)
                if ratio > best[choice] and sorted(DENIALS.findall(wording)) == denials:
                    best[choice] = ratio
    first, second = sorted([0.0, 0.0, *best.values()], reverse=True)[:2]
    if first < CLOSE or first - second < LEAD:
        return None
    return max(best, key=best.__getitem__)


def _forms(text: str, field: str) -> tuple[str, ...]:
    """Return the keys a reply may be found under, the most literal first."""
    keys = (key(text), key(bare(text)))
    return keys if field in NEVER_FUZZY else (*keys, *map(_loose, keys))


@cache
def wording_pattern(field: str) -> re.Pattern[str]:
    """Return the pattern of every wording of a question, the longest first, as whole words of a key."""
    wordings = sorted(_exact(field), key=len, reverse=True)
    pattern = "|".join(re.escape(wording).replace(",", "[ ,]?") for wording in wordings)
    return re.compile(
        rf"(?:(?<![a-z0-9])|(?=[\u3400-\u9fff]))(?:{pattern})(?:(?![a-z0-9])|(?<=[\u3400-\u9fff]))"
    )
