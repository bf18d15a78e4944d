"""Whether the person was 16 or above in all of the images. Never yes on doubt."""

from __future__ import annotations

import re
from typing import Literal

from flows.understanding.age_claims import AGE, BELOW, LIMIT, LONGEST, YOUNGEST, read_claims
from flows.understanding.age_units import in_units
from flows.understanding.numerals import position, with_digits
from flows.understanding.text import bare, fold

ImageAge = Literal["yes", "no", "unsure"]

_FILLER = (
    r"\b(?:was|were|in|on|all|of|them|these|those|the|that|this|at|time|then|when|they|took|taken|made|recorded|photos?|pics?"
    r"|pictures?|videos?|images?|clips?|both|every|each|everything|always|by)\b"
    r"|全部|所有|晒|每一?[張段條]|張張|嗰陣時?|嗰時|當時|那時候?|嗰個|時候?|[影拍]攝?|照片|影片|影像|[相片]|入面|裏面|啲|喺|在|嗰|呢"
    r"|佢哋|它們|緊|咗|度"
)
_ALL = frozenset(
    {"all", "all of them", "in all of them", "in all", "全部", "全部都係", "全部係", "所有", "全部都是", "晒"}
)
_UNSURE = re.compile(
    r"\b(?:not (?:really |so |too |very |quite |100% |totally |completely |entirely )?(?:sure|certain)|unsure|uncertain|don'?t (?:really )?"
    r"(?:know|remember|recall)|do not (?:know|remember|recall)|dunno|idk|(?:can'?t|cannot|can not) (?:really )?(?:remember|recall|say|tell|be sure)"
    r"|forgot|forget|no idea|no clue|maybe|perhaps|probably|possibly|might|i think|i guess|i suppose|hard to (?:say|tell)|depends)\b"
    r"|[唔不](?:太|係好|係幾|是很|多)?(?:知道?|記得|肯定|確定|清楚)|忘記|忘了|唔知|未知|可能|應該|大概|好似|好像|印象中|或者|說不準|難講|記唔[起清]"
    r"|記唔到|想唔起|不記得|冇印象|沒印象|唔敢肯定"
)
_ASKS_BACK = re.compile(r"^(?:what|why|how) (?:if|about|do|is|happens)\b|^(?:如果|假如|點解)")
_SOME = re.compile(
    r"\b(?:some|most|half|not all|not in all|not (?:in )?every|all (?:but|except)|almost all|a few|(?:in )?one of)\b"
    r"|有[啲些幾一](?!幾)|部分|大部分|多數|一半|[唔不](?:係|是)(?:全部|所有|晒|張張)|除咗|除了|未必"
)
_OTHERS = re.compile(r"\bothers?\b|\brest\b|其[他餘它]|另[外一]")
_NONE = re.compile(r"\b(?:none|never|no ?one|nothing|any)\b|冇一[張段條]|沒有一|從[來未]")
_COUNT = re.compile(
    rf"{AGE} ?(?:(?:of )?(?:the |them|these|those)|photos?|pics?|pictures?|videos?|images?|links?|[張段條個次])"
)
_AFTER = re.compile(r"(\d+)Y?之?後|\b(?:after|since)(?: i (?:was|turned))? (\d+)")
_OTHER_PERSON = re.compile(
    r"\b(?:he|she|they|his|her|friend|sister|brother|ex|boyfriend|girlfriend|daughter|son)\b|佢|他|她|朋友|男友|女友|妹|弟|囡|[個嘅]女"
)
_WRITER = re.compile(r"\bi\b|我(?![妹弟女個朋男嘅的])")
_NOW = re.compile(r"\b(?:i'm|im|i am|now|today)\b|今年|而家|依家|宜家|現在")
_UNDER = re.compile(
    rf"{BELOW} ?(?:1[0-6])(?!\d)|未夠歲|[唔不]夠歲|1[0-6]Y?(?:以下|都?未夠|都?唔夠)|小學|小[一二三四五六](?!時)|primary school"
)
_SAID = re.compile(
    r"(?:\b(?:was|were|am|i'm|im|at|aged?|only|just|about|around|and|or|to|turned)\b|[得係嗰陣時先年]|\s-\s?) ?(?:only |just |about |around )?"
    rf"{AGE}(?!\s*(?:of|photos?|pics?|videos?|images?|[張段條個次]|[a-z]+s\b(?<!\bas)(?<!\bwas)))|(?<!\d)(\d{{1,2}})Y"
    rf"|^\s*{AGE}\s*(?:$|in\b|when\b|[-,])"
)


def read_image_age(text: str) -> ImageAge | None:
    """Read the answer to "Were you 16 or above in all of them?".

    Returns:
        `yes` only where every word was understood; `no` for any age below 16; `unsure`; None for anything
        that is not clear, to be asked again.
    """
    if len(text) > LONGEST:
        return None
    folded = fold(text)
    choice = position(bare(text)) if re.fullmatch(r"[\w\s.,!()#:、]*", folded) else None
    if choice in (1, 2, 3):
        return ("yes", "no", "unsure")[choice - 1]
    rest = in_units(with_digits(re.sub(r"\b(every|each|any) ?one\b", r"\1", folded)))
    rest = re.sub(r"(?<=\dY) (?:and|&) (?=\d)|(?<=\d) (?:and|&) (?=\d)", " or ", rest)
    rest = _AFTER.sub(r"\1\2以上", rest)
    young = _young(rest)
    if _ASKS_BACK.search(rest):
        return None
    if _UNSURE.search(rest):
        return "unsure" if young or _is_short(rest) else None
    if "?" in rest or _NONE.search(rest) or (_COUNT.search(rest) and not young):
        return None
    if _OTHER_PERSON.search(rest) and not _WRITER.search(folded):
        return None
    if young or _UNDER.search(rest):
        return None if re.search(r"\bnot 1[0-5]|唔係1[0-5]|\bnot under|唔係未", rest) else "no"
    if _SOME.search(rest) and not (_OTHERS.search(rest) and read_claims(rest).numbers):
        return "no" if _is_short(rest) else None
    return _whole(rest)


def _young(rest: str) -> bool:
    """Tell whether an age below 16 is named, whatever else was written."""
    for match in _SAID.finditer(rest):
        years = int(next(group for group in match.groups() if group))
        if years < LIMIT and (years >= YOUNGEST or match[2]):
            return True
    return False


def _is_short(rest: str) -> bool:
    """Tell whether there is too little to be a story about something else."""
    return len(rest) <= 60


def _whole(rest: str) -> ImageAge | None:
    """Read a reply every word of which is understood."""
    if rest.strip(" .!,~。") in _ALL:
        return "yes"
    claims = read_claims(rest.replace("Y", "歲"), also_filler=_FILLER)
    if claims.under or (not claims.left and any(YOUNGEST <= age < LIMIT for age in claims.numbers)):
        return "no"
    present = claims.numbers and _NOW.search(rest)  # how old somebody is now is not the question
    return "yes" if claims.over and not present else None
