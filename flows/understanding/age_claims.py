"""What a short text claims about an age, as a span of years, and whether every word of it was understood.

A text is read clause by clause. What compares an age with a number is taken out and becomes a span of
years; then the words go that change nothing. What is still there was not understood, and a text with
something left is never taken as a yes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from flows.understanding.age_units import in_units
from flows.understanding.births import MONTH, take_births
from flows.understanding.numerals import with_digits
from flows.understanding.text import fold

LIMIT = 16
"""Years: below it the service may not act."""
YOUNGEST, OLDEST = 7, 110
"""Years. A number outside of these is not the age of somebody who writes here."""
LONGEST = 1000
"""Characters. A longer text is a story, not an answer."""


@dataclass
class Claims:
    """The span of ages that every claim of a text allows.

    Attributes:
        low, high: whole years, both included; `low > high` is a contradiction.
        numbers: every age that is named, whatever is said of it.
        claimed: whether anything was said about an age.
        doubt: it asks, or names an age nobody has, or one that may be on either side of 16.
        soft: it has words that do not go with a plain yes, such as `but` or 就快.
        denied: sixteen is denied ("not 16"), which says little beside another claim.
        left: what was not understood.
    """

    low: int = 0
    high: int = OLDEST
    numbers: list[int] = field(default_factory=list)
    claimed: bool = False
    doubt: bool = False
    soft: bool = False
    denied: bool = False
    left: str = ""

    @property
    def over(self) -> bool:
        """Whether it can only mean 16 or above."""
        named = not self.numbers or max(self.numbers) >= LIMIT  # "yes, not 15" is no yes
        return self._sure and named and not self.soft and LIMIT <= self.low <= self.high

    @property
    def under(self) -> bool:
        """Whether it can only mean under 16."""
        return self._sure and self.low <= self.high < LIMIT

    @property
    def _sure(self) -> bool:
        return self.claimed and not self.doubt and not self.left

    def name(self, *ages: int) -> None:
        """Take note of ages that are named."""
        self.numbers.extend(ages)
        self.doubt |= not all(YOUNGEST <= age <= OLDEST for age in ages)

    def add(self, low: int, high: int) -> None:
        """Take one more claim into account."""
        self.low, self.high, self.claimed = max(self.low, low), min(self.high, high), True

    def add_vague(self, low: int, high: int) -> None:
        """Take a span into account that somebody gave on purpose: it must not lie on both sides of 16."""
        self.doubt |= low < LIMIT <= high or not 0 <= high - low <= 10
        self.add(low, high)


def read_claims(text: str, today: date | None = None, also_filler: str = "(?!)") -> Claims:
    """Return what `text` claims about an age.

    Args:
        text: anything a person typed.
        today: the day to count dates of birth on; without it a date is not understood.
        also_filler: pattern of more words that change nothing.
    """
    claims = Claims()
    rest = with_digits(fold(text))
    claims.doubt = bool(_ASKS.search(rest))
    if today is not None:
        births, rest = take_births(rest, today)
        for youngest, oldest in births:
            claims.name(youngest, oldest)
            claims.add(youngest, oldest)
    claims.left = "".join(
        _Clause(claims, clause).read(also_filler) for clause in _CLAUSES.split(in_units(rest))
    )
    if claims.denied and not claims.claimed:
        claims.add(0, LIMIT - 1)
    return claims


# A question back, and a class at school, which leaves the age open.
_ASKS = re.compile(
    r"[?]|嗎|係咪|是不是|是否|^(?:is|am i|are|can|could|does|do|what|how|why|if)\b|\b(?:year|yr|grade|form|class|level|primary|secondary) ?\d"
)

# ------------------------------------------------------------------ clauses

_CLAUSES = re.compile(r"[;!\n。、()]+|(?<!\d)[.,:]|[.,:](?!\d)|\band\b")
_NUMBER = r"(?<![\da-z.,:/$£€#%+*×^-])(?<![-+] )([1-9]\d{0,2})(?:Y|(?!\d))"
AGE = _NUMBER + r"(?![\d%*^=$€]|[.,:/+-]\d| ?(?:am|pm)\b)"
"""A number that can be an age: no part of a date, a time, a sum, a price, an ordinal."""
_NOT = r"(?:\bnot|唔係|不是|並非)(?: an?| yet| even)? *"
BELOW = (
    r"(?:\b(?:under|below|younger than|less than|not (?:yet|even|quite|fully)(?: been| turned)?|yet to (?:turn|be|reach)"
    r"|(?:have |has )?not (?:yet )?(?:even )?(?:turned|reached|hit))\b(?: the age of)?"
    r"|<(?!=)|[仲還尚都]*未(?:曾|有|年)*[夠滿到足]*|[唔不](?:夠|到|滿|足|及)|冇[夠滿到]*|沒有?[夠滿到]*|[細少低]過|[小少低]於)"
)
_BELOW_AFTER = r"(?:以下|之下|都?仲?未[夠滿到足]+|都?[唔不][夠到滿足]+|都冇|都沒有|有找)"
_AT_MOST_AFTER = r"(?:(?:or (?:below|under|less|younger))\b|或者?以下)"
_ABOVE = (
    r"(?:\b(?:over|above|older than|more than|at least|past|beyond)\b(?: the age of)?|>=?|[≥≧]|已?年?滿咗?|已?經?夠晒?|至少|起碼"
    r"|最少|超過咗?|過咗|[大多]過|大於)"
)
_ABOVE_AFTER = r"(?:\+(?!\d)|plus\b|up(?:wards)?\b|or (?:above|over|older|more|up(?:wards)?)\b|(?:或者?|及|和|同)?(?:以上|之上)|有多|出頭|夠)"
_ABOUT = r"(?:\babout|\baround|\bapprox(?:imately)?|\broughly|~|大約|大概|約|差[唔不]多)"
_ABOUT_AFTER = r"(?:左右|上下|-?ish\b|or so\b)"
_NEXT_YEAR = "next year|[出明下]年"
_FAR = rf"{_NEXT_YEAR}|LATER(?! ?(?:ago|前))"
NEAR = (
    r"(?:\b(?:almost|nearly|close to|soon|tomorrow|tmrw?|turning|turns?|about to (?:be|turn)|going on|goin on|(?:away|short) (?:from|of)"
    rf"|next (?:week|month|{MONTH})|later this (?:month|year))\b|SOON(?! ?(?:ago|前))|就[嚟快到]+|快[要將到]?|[將接臨]近|即將|準備|聽日|明天|後日"
    r"|下個?(?:月|星期|禮拜|週)|[差爭](?![唔不]多)(?:少少|[啲一點])*)"
)
_AHEAD = (
    rf"(?:{_FAR}|{NEAR}|\b(?:i )?(?:will|i'll|going to|gonna)\b(?: be| turn)?|\b(?:becoming|until|till?|to go|before|another)\b|遲啲|好快"
    r"|[仲還]有|之?後|過(?=多? ?(?:SOON|LATER)))"
)
_AHEAD_WITH = r"先|才|就|會|將|到|夠|滿|足|多|要|生日|\b(?:be|in|my birthday|birthday|to|time)\b"
_LONG_AGO = r"last year|LATER ?(?:ago|前)|[舊去]年|\ba while ago\b"
_BEHIND = (
    rf"(?:{_LONG_AGO}|\b(?:turned|became|last (?:week|month|{MONTH})|yesterday|ago)\b|SOON ?(?:ago|前)?|上個?(?:月|星期|禮拜|週)"
    r"|[尋琴昨][日天]|剛剛?|啱啱)"
)
_YES = (
    r"(?:\b(?:ye+s+|yeah?|yeh|yep|yup|yah|ya|y|aye|correct|right|true|affirmative|absolutely|definitely|certainly|indeed|of course"
    r"|old enough|above|older|i do)\b|冇錯|沒錯|正確|當然|梗係|係|是|夠[晒秤大]?|對|啱|滿|有|以上)"
)
_ENOUGH = r"(?:夠[晒秤大]?|old enough)"
# Denies something else than being sixteen: who it is about, or the denial itself.
_DENIES_ELSE = re.compile(
    r"\bnot (?:(?:a|an|my|the|that|really) )*(?:person|female|male|girl|boy|woman|man|guy|lady|me|here|ok|okay|well|so|no|yes)\b"
    r"|(?:唔係|不是|並非) ?(?:[我男女真正好未唔不冇]|本人)"
)
_SOMEBODY = re.compile(
    r"\b(?:my|that|this|the|it's|its|is) (?:\w+ )?(?:person|female|male|girl|boy|woman|man|guy|lady)\b|我[嘅的]?[男女](?![仔生])"
)
_SHORT_OF = r"[差爭](?![唔不]多)"
_NO = (
    r"(?:(?:(?:of course|definitely|absolutely|certainly|當然|梗係) ?)?(?:\b(?:no+|nope|nah|naw|nay|n|not(?: yet)?(?: old enough)?"
    r"|too young|below|under|younger)\b|以下|唔係|不是|否|[仲還尚]*(?:[未唔不][夠滿到足有]+|未得)|[仲還尚]*未|[冇沒]有?[夠滿到]*|細))"
)
_FILLER = (
    r"\b(?:a bit|a little|hi|hello|hey|i|i'm|im|am|iam|been|me|my|age|aged|is|it's|its|it|years?|yrs?|old|now|currently|already"
    r"|just|only|fully|exactly|actually|this year|really|a|an|person|female|male|f|m|girl|boy|woman|man|guy|lady|here|thank you|thanks?"
    r"|please|pls|oh|well|so|sir|miss|still|honestly|tbh|yet|yo|that|slightly|way)\b"
    r"|^(?:ok|okay)\b|早就|早已|我|本人|今年|而家|依家|宜家|現在|現時|目前|已經|已|都|嘅|的|喇|啦|呀|啊|了|囉|喎|噃|嘞|架|吖|哦|喔|咗|剛|啱|好|正(?!確)|只|真"
    r"|年紀|年齡|歲數|[男女](?:仔|生|人)?|你好|唔該|多謝|謝謝|其實|仲|還|仍|Y|[\s\"'~\-🙏👍😊🙂😭😢😔🥺❤💕🎂]"
)
# Beside an age these take nothing away from "under 16", and too much from "16".
_SOFT = rf"\b(?:but|sorry|almost|nearly|close|ah|la)\b|先|就|但|咋|之嘛|咁|可惜|[唔不]好意思|{_AHEAD}"
_COMPARED: tuple[tuple[re.Pattern[str], int | None, int | None, bool], ...] = tuple(
    (re.compile(pattern), low, high, vague)
    for pattern, low, high, vague in (
        # what is said of the number; what to add to it for the youngest and the oldest; None is no bound
        (r"(?<!\d)([1-9]0) ?有?[幾多](?:Y|歲)?", 1, 9, True),
        (r"\b(?:in )?(?:my )?(?:early |mid |late )?([1-9]0)'?s\b", 0, 9, True),
        (rf"{_NOT}{_NUMBER} ?(?:-|or|至|到|或者?) ?(\d{{1,3}})Y?", None, None, False),
        (rf"{_NUMBER} ?(?:-|~|to|or|至|到|或者?|/) ?([1-9]\d{{0,2}})(?:Y|(?![\d+]))(?!-)", 0, 0, True),
        (rf"{_NOT}{BELOW} ?{AGE}|{_NOT}{AGE} ?{_BELOW_AFTER}", 0, None, False),
        (rf"{_NOT}{_ABOVE} ?{AGE}", None, 0, False),
        (rf"{_NOT}{AGE} ?{_ABOVE_AFTER}", None, -1, False),
        (rf"{AGE} ?{_AT_MOST_AFTER}|(?:<=|at most|no more than|最多) ?{AGE}", None, 0, False),
        (rf"{AGE} ?{_BELOW_AFTER}|{BELOW} ?{AGE}", None, -1, False),
        (rf"{AGE} ?{_ABOVE_AFTER}|{_ABOVE} ?{AGE}", 0, None, False),
        (rf"{_ABOUT} ?{AGE}|{AGE} ?{_ABOUT_AFTER}", -4, 4, True),
    )
)
_REACHED = re.compile(rf"[已年到過滿夠咗]* ?{AGE}")
_DENIED = re.compile(_NOT + AGE)
_PLAIN = re.compile(AGE)


class _Clause:
    """One clause of a text, from which the claims are taken until nothing is left."""

    def __init__(self, claims: Claims, text: str) -> None:
        self.claims = claims
        self.said = self.text = text.strip()
        self.numbered = False

    def read(self, also_filler: str) -> str:
        """Take every claim out of the clause and return what was not understood."""
        if _PLAIN.search(self.said) and re.search(_AHEAD, self.said) and "turned" not in self.said:
            self._ahead()
        elif re.search(_BEHIND, self.said):
            self._behind()
        for pattern, low, high, vague in _COMPARED:
            self._take(pattern, low, high, vague)
        self.text = _DENIED.sub(self._deny, self.text)
        self._take(_PLAIN, 0, 0)
        return self._answer(also_filler)

    def _take(self, pattern: re.Pattern[str], low: int | None, high: int | None, vague: bool = False) -> None:
        """Turn every match into a claim; `low` and `high` are as in `_COMPARED`."""

        def claim(match: re.Match[str]) -> str:
            ages = [int(group) for group in match.groups() if group]
            self.claims.name(*ages)
            add = self.claims.add_vague if vague else self.claims.add
            add(0 if low is None else ages[0] + low, OLDEST if high is None else ages[-1] + high)
            self.numbered = True
            return " "

        self.text = pattern.sub(claim, self.text)

    def _ahead(self) -> None:
        """Take the last number as an age still to come; how soon says how old somebody is now."""
        *_, last = _PLAIN.finditer(self.text)
        years = int(last[1])
        self.claims.name(years)
        if re.search(_FAR, self.text):
            self.claims.add(years - 2 if re.search(_NEXT_YEAR, self.text) else 0, years - 1)
        else:
            self.claims.add(years - 1 if re.search(NEAR, self.text) else 0, years - 1)
        self.text = self.text[: last.start()] + " " + self.text[last.end() :]
        self.text = re.sub(f"{_AHEAD}|{_AHEAD_WITH}", " ", self.text)
        self.numbered = True

    def _behind(self) -> None:
        """Take a number as an age reached: lately, so that it still is, or long ago."""
        long_ago = re.search(_LONG_AGO, self.text)
        self.text = re.sub(_BEHIND, " ", self.text)
        self._take(_REACHED, 0, None if long_ago else 0)

    def _deny(self, match: re.Match[str]) -> str:
        self.claims.numbers.append(int(match[1]))
        self.claims.denied |= int(match[1]) == LIMIT
        return " "

    def _answer(self, also_filler: str) -> str:
        """Read the yes or no that is left, and return what is neither."""
        rest = re.sub(f"{_FILLER}|{also_filler}", " ", self.text).strip()
        if self.numbered:
            rest = re.sub("^[係是有]$", "", rest)  # 係17: it *is* 17
        plain = re.sub(_SOFT, " ", rest).strip()
        self.claims.soft |= plain != rest
        if _SOMEBODY.search(self.said) or (not self.numbered and _DENIES_ELSE.search(self.said)):
            return self.said
        if self.claims.soft and not plain and re.search(_SHORT_OF, rest):
            plain = "no"  # 仲差少少
        elif re.search(_AHEAD, rest) and re.fullmatch(_ENOUGH, plain):
            plain = "no"  # 下個月先夠
        if re.fullmatch(f"(?:{_NO} *)+", plain) or self.said == "不":
            self.claims.add(0, LIMIT - 1)
        elif re.fullmatch(f"(?:{_YES} *)+", plain) or self.said == "i am":
            self.claims.add(LIMIT, OLDEST)
        else:
            return plain
        return ""
