"""When and how it is safe to contact somebody: known choices where they are certain, their own words always."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from flows.choices import CHOICES
from flows.understanding.choices import read_choices
from flows.understanding.text import clean, fold

_FIELD = "contact_safety"
_DISCREET = "discreet_only"
_ANY = "any_time"


@dataclass(frozen=True)
class Safety:
    """When and how somebody may be contacted.

    Attributes:
        times: ids of `contact_safety` that are times, in the order shown; empty where none is certain.
        discreet_only: nothing may be said to anybody else.
        text: the person's own words, cleaned, where they say more than the choices; they come first.
    """

    times: tuple[str, ...]
    discreet_only: bool
    text: str | None = field(default=None, repr=False)


def safety_from_choices(ids: Sequence[str]) -> Safety:
    """Return what the chosen ids of `contact_safety` say."""
    times = tuple(choice for choice in CHOICES[_FIELD] if choice in ids and choice != _DISCREET)
    return Safety(times, _DISCREET in ids)


def safety_from_text(text: str) -> Safety:
    """Return what a text says: numbers and names alone are choices, everything else is kept as it was typed."""
    if chosen := read_choices(text, _FIELD):
        return safety_from_choices(chosen)
    folded = fold(text)
    return Safety(_times(folded), bool(_QUIET.search(folded)), clean(text) or None)


# A time is certain where it is allowed and nothing in the text is refused, or left to a condition.
_REFUSED = re.compile(
    r"\b(?:not?|never|don'?t|do not|except|but|avoid|only if|if|unless|can'?t|cannot|won'?t|without|before|until|asleep|home|maybe|some ?times|usually)\b"
    r"|[不未唔冇沒無勿]|除咗|除了|但|如果|避免|千祈|切勿|咪(?!話)|屋企|有時|視乎|睇情況|之前|或者|可能"
)
_TIMES = {
    "daytime": r"\b(?:day ?time|during the day|office hours?|working hours|business hours|mornings?|afternoons?)\b|日間|日頭|白天|朝早|早上|上午|下午|下晝|上晝|晏晝|辦公時間",
    "evening": r"\b(?:evenings?|nights?|after work|after dinner)\b|晚上|夜晚|夜間|晚間|晚黑|放工後|收工後|放工之後|夜啲",
    "weekend": r"\b(?:weekends?|saturdays?|sundays?)\b|[周週]末|星期六|星期日|禮拜六|禮拜日|星期六日",
    _ANY: r"\b(?:any ?time|whenever)\b|任何時[間候]|隨時|幾時都[得可]",
}
_QUIET = re.compile(
    r"\b(?:discreet(?:ly)?|say nothing|(?:don'?t|do not|never|no) (?:say|tell|mention|leave|voice ?mails?|messages? with)|nobody (?:must|should|can|may) know"
    r"|no ?one (?:must|should|can|may) know|without anyone knowing|keep (?:it|this) (?:secret|quiet|private))\b"
    r"|(?:唔好|不要|千祈唔好|唔可以|不可以|勿|切勿|咪)(?:講|說|話|提|留言|俾[^,。]{0,4}知|讓[^,。]{0,4}知)|低調|保密|秘密"
)


def _times(folded: str) -> tuple[str, ...]:
    if _REFUSED.search(folded):
        return ()
    found = {time for time, pattern in _TIMES.items() if re.search(pattern, folded)}
    return tuple(choice for choice in CHOICES[_FIELD] if choice in found)
