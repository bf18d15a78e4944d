"""How old somebody is, or was in the images. Doubt never passes as 16, and no slip is forgiven here."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from flows.understanding.age_claims import LIMIT, LONGEST, read_claims
from flows.understanding.image_age import ImageAge, read_image_age
from flows.understanding.numerals import position, with_digits
from flows.understanding.text import bare, fold
from flows.understanding.under_16 import says_under_16

__all__ = ["Age", "ImageAge", "read_age", "read_image_age", "says_under_16"]


class Age(StrEnum):
    """The answer to "Are you 16 or above?"."""

    SIXTEEN_OR_ABOVE = "16_or_above"
    UNDER_16 = "under_16"
    UNCLEAR = "unclear"


def read_age(text: str, today: date) -> Age:
    """Read the answer to "Are you 16 or above?": yes or no, an age, a date of birth, or a choice's number.

    Args:
        text: anything a person typed.
        today: the day on which a date of birth is counted, in Hong Kong.
    """
    if len(text) > LONGEST:
        return Age.UNCLEAR
    choice = _choice(text)
    if choice is not None:
        return choice
    if label := _NUMBERED.fullmatch(text):  # "1. 16 or above", copied from the question
        pasted = read_age(label[2], today)
        return pasted if pasted == _CHOICES[int(label[1])] else Age.UNCLEAR
    claims = read_claims(text, today)
    if claims.over or (claims.left and _opens_over(text, today)):
        return Age.SIXTEEN_OR_ABOVE
    young = all(age < LIMIT for age in claims.numbers)
    if claims.under or (claims.left and young and says_under_16(text, today)):
        return Age.UNDER_16
    return Age.UNCLEAR


_CHOICES = {1: Age.SIXTEEN_OR_ABOVE, 2: Age.UNDER_16}
_NUMBERED = re.compile(r"\s*([12])[.)、:] ?(.*[^\W\d].*)")


def _choice(text: str) -> Age | None:
    """Return the age of a reply that is only the number of a choice. A sign or a sum makes it none."""
    if not re.fullmatch(r"[\w\s.,!()#:、。]*", fold(text)):
        return None
    return _CHOICES.get(position(bare(text)) or 0)


_OPENING = re.compile(r"(.{2,60}?)(?:[,.;!。、\n]|\b(?:and|so|because|cos|cuz)\b|因為|同埋)(.+)", re.DOTALL)
_SELF = re.compile(r"\b(?:i'm|im|i am)\b|我")
# What may take back, or put into question, an age that was given before it.
_TAKES_BACK = re.compile(
    r"\d|[?]|\b(?:age|aged|old|older|year|born|if|but|not|no|lie|lied|lying|kidd\w*|jok\w*|jk|fake|pretend\w*|dreams?|wish|told|tell"
    r"|said|says?|think|thought|believes?|soon|next|will|when|was|were|almost|nearly|turn\w*|account|actually|really|maybe|probably|guess"
    r"|lol|haha|until|till|ago|then|would|should|could)\b|n't\b|歲|假|呃|講笑|大話|扮|話|如果|但|其實|唔|不|未|就|嗰|時|先|以為|年|生日|\bid\b"
)


def _opens_over(text: str, today: date) -> bool:
    """Tell whether a story begins with a plain "I'm 22", and nothing in it is about age."""
    opening = _OPENING.fullmatch(with_digits(fold(text)))
    return bool(
        opening
        and _SELF.search(opening[1])
        and not _TAKES_BACK.search(opening[2])
        and (claims := read_claims(opening[1], today)).over
        and claims.numbers
    )
