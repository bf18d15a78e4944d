"""Whether somebody says, anywhere in what they write, that they are under 16 now.

Looked for is a statement: the writer, the present, an age. A hit only leads to a question, so a
statement is believed when in doubt; but not one about somebody else, the past, the images or a fancy.
"""

from __future__ import annotations

import re
from datetime import date

from flows.understanding.age_claims import AGE, BELOW, LIMIT, NEAR, YOUNGEST
from flows.understanding.age_units import in_units
from flows.understanding.births import take_births
from flows.understanding.numerals import with_digits
from flows.understanding.text import fold

MOST = 20_000
"""Characters. What stands later in a longer text is not looked at: no message is that long."""

_MAY_TELL = re.compile(r"\d")
"""An age is told in numbers, once those in words are written as digits: most texts hold none."""
_SENTENCES = re.compile(r"[;!?\n。]+|(?<!\d)\.|\.(?!\d)|\bbut\b|但係?")
_CLAUSES = re.compile(
    r"[、()]+|(?<!\d)[,:]|[,:](?!\d)|\b(?:and|so|because|cos|cuz|bc)\b|因為|所以|而家(?=我)|依家(?=我)"
)

_ADVERBS = r"(?:\s*\b(?:only|just|still|actually|really|literally|currently|now|honestly|also|barely|basically|a|an|in fact|already)\b)*"
_LESS = rf"(?:{BELOW}|{NEAR}|\b(?:(?:gonna|going to) (?:be|turn))\b|(?:still )?\bnot (?=\d+Y? yet))"
_ENGLISH = re.compile(
    rf"\b(?:(?:i'm|im|i am|iam|i m|me is|my (?:(?:real|actual|true) )?age(?: is)?|i'm aged|aged|i){_ADVERBS}\s*(?P<less>(?:{_LESS}\s*)?)"
    rf"|(?P<turned>i (?:\w+ )?turned\b)|(?P<ahead>i(?:'ll| will| turn| become)\b(?: be| turn)?))\s*{AGE}"
)
_CHINESE_ADVERBS = (
    r"(?:今年|而家|依家|宜家|現在|現時|目前|只?得|只有|只|先|才|仲係|仲|還|都|真?係|是|其實|就|啱啱?|剛剛?|滿|夠|已經|已|本人|自己|到"
    r"|不過|其實|真係|有|年紀|年齡|歲數|\s)*"
)
_CHINESE = re.compile(
    rf"(?:我{_CHINESE_ADVERBS}|^\s*今年{_CHINESE_ADVERBS})(?P<less>(?:{_LESS}(?:SOON|[先才就夠滿到\s])*)?){AGE}"
)
_HERE = re.compile(rf"\bas an? {AGE}|^\s*{AGE}[\s-]*(?:girl|boy|female|male|student|kid)?\s*here\b")
_ABOUT_ME = re.compile(r"(?:我(?:今年|讀|係|是|而家|中)|i'm|im|i am)(?!.*[佢他她])")
_AGE_ALONE = re.compile(rf"\s*{AGE}\s*")
_BORN = re.compile(
    r"\bi(?:'m| was| am) born\b|\bmy (?:birthday|dob|date of birth|birth ?date|birth year|bday)\b"
    r"|我(?:係|喺|是|於|在)? ?\d[^,]*(?:出世|出生|生|嘅)|我(?:嘅|的)?(?:出世|出生|生日)"
)

# What may follow an age. After a bare number a plural or a unit makes it a count of something else.
_COUNTS = re.compile(
    r"^[a-z%]|^\s*(?:(?!(?:as|is|was|this|yes|plus|always|sos|ps|pls+|thanks|cos|us|his|has)\b)[a-z]+s\b|min|hr|km|kg|cm|ft|foot|feet"
    r"|per ?cent|out of|of|on|am|pm|k|people|more|grade|pages?|months?)\b"
)
_PAST_AFTER = re.compile(
    r"^\s*(?:(?:older|younger|clean|sober|into|ago|apart|late|behind|ahead|deep|since|when|at the time|back then|by then|in total"
    r"|in (?:19|20)\d\d|older than|on the|there|(?:in|on) (?:it|that one|one|some|most|all|both|them|these|those))\b)"
)
_CHINESE_AFTER = re.compile(
    r"^\s*(?:[嘅的]?(?:女仔|男仔|女生|男生|中?學生|女|男))?(?:[呀啦喇啊了咋架囉喎嘞咁吖\s]|之嘛|多啲|啲|左右|都)*"
    r"(?:$|[\"'~-]|(?<=\s)|(?:但|同|而|仲|唔|想|點(?:算|做|樣|先好|搞|解|辦)|可以|可唔可以|我|佢|係咪|讀|返|好|怕|求|救|俾唔俾|算|夠唔夠|未夠|f\.?\d|中[一二三四]))"
)
_NOT_NOW = re.compile(
    r"\b(?:if|when|while|pretend|suppos\w*|imagine|as though|wish|feel|felt|back then|at the time|in (?:19|20)\d\d|years? ago|used to)\b"
    r"|\b(?:he|she|they|it|who|everyone|everybody|people|someone|somebody|you|guy|ex|bio|profile|account|caption|title|website|post|name)"
    r"\b[^,]{0,20}\b(?:said|says?|saying|told|tells?|thinks?|thought|claims?|claimed|wrote|writes|shows?|believes?|assumed?|posted that|like|guess\w*)\b"
    r"|\b(?:treats?|treated|talks?|looks?|acts?) [^,]{0,20}like\b"
    r"|\b(?:in|on) (?:the|that|this|those|these|some|most|all|one|my)\b[^,]{0,12}\b(?:photo|pic|video|image|clip|film|nude|footage|them)"
    r"|如果|假如|假設|假使|若果?|扮|(?:佢|他|她|你|人|哋|們|度|上面)[^,]{0,6}(?:話|以為|估|覺得|講|說|認為|當|寫|呃)|好似"
    r"|[嗰那個][陣時]|當[時年]|那個時候|以前|從前|細個|舊時|影(?:相|片)?嗰|拍(?:攝|嗰)|[相片](?:入面|裏面|裏|中|上)|之前|\d年前"
)
_NOW = re.compile(r"\b(?:now|still|currently)\b|今年|而家|依家|宜家|現在|仲未")


def says_under_16(text: str, today: date) -> bool:
    """Tell whether the writer states to be under 16 now. A statement about anything else is none.

    Args:
        text: anything a person typed.
        today: the day on which a date of birth is counted.
    """
    folded = with_digits(fold_lines(text[:MOST]))
    if not _MAY_TELL.search(folded):
        return False
    return any(_says(sentence, today) for sentence in _SENTENCES.split(folded))


def fold_lines(text: str) -> str:
    """Fold a text but keep its lines apart."""
    return "\n".join(fold(line) for line in text.splitlines())


def _says(sentence: str, today: date) -> bool:
    before = ""
    for clause in _CLAUSES.split(sentence):
        if _ABOUT_ME.match(before) and _AGE_ALONE.fullmatch(in_units(clause)):
            clause = "我" + clause  # 我今年中三，15歲
        if _born(clause, today) or _states(in_units(clause), before):
            return True
        before += clause + " "
    return False


def _born(clause: str, today: date) -> bool:
    if not _BORN.search(clause):
        return False
    births, _ = take_births(clause, today)
    return any(youngest >= YOUNGEST and oldest < LIMIT for youngest, oldest in births)


def _states(clause: str, before: str) -> bool:
    for pattern in (_ENGLISH, _CHINESE, _HERE):
        for match in pattern.finditer(clause):
            groups = match.groupdict()
            less = bool((groups.get("less") or "").strip("夠滿到 ")) or bool(groups.get("ahead"))
            years = int(next(group for group in reversed(match.groups()) if group and group.isdigit())) - less
            if YOUNGEST <= years < LIMIT and _means(match, before, pattern is _CHINESE):
                return True
    return False


def _means(match: re.Match[str], before: str, chinese: bool) -> bool:
    """Tell whether a match is an age, of the writer, now."""
    said, after = match[0], match.string[match.end() :]
    if chinese:
        if not _CHINESE_AFTER.match(after) or re.match(r"\s*(?:[嗰那個]?[陣時]|[嗰那]年)", after):
            return False
    elif _PAST_AFTER.match(after) or (not said.endswith("Y") and _COUNTS.match(after)):
        return False
    if _NOW.search(said):
        return not re.search(r"\bif\b|如果|假如|若", match.string[: match.start()])
    return not _NOT_NOW.search(before + match.string[: match.start()] + " ") and not _NOT_NOW.match(
        after.lstrip()
    )
