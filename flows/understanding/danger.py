"""Words of danger: wanting to die or to hurt oneself, and violence happening now or threatened.

A text is read in three moves. What only sounds like danger (笑死, deadline, 打電話) is taken out; then
signs are looked for; and each sign is weighed by what stands just before it: a no, somebody else, or
long ago. In doubt care is shown: a line too much costs a moment, a line too few may cost more.

The words are data: `danger.toml`, family by family, each with the reason it is there.
"""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

from flows.understanding.sieve import Sieve, pieces
from flows.understanding.text import fold


class Danger(StrEnum):
    """Which numbers help: `self` (suicide, self-harm) or `violence` (against the person who writes)."""

    SELF = "self"
    VIOLENCE = "violence"


def read_danger(text: str) -> Danger | None:
    """Return the danger that a text tells of, or None. Its own life comes before violence by others.

    Links, addresses and user names are not read as words. Never raises; linear in the text.
    """
    plain = _one_form(_NOT_WORDS.sub(" ", fold(text)))
    held = pieces(plain)
    for harmless in _HARMLESS.worth_trying(held):
        plain = harmless.sub(" ", plain)
    selves, others = _SELF.worth_trying(held), _VIOLENCE.worth_trying(held)
    if any(_tells_of_self(plain, sign) for line in selves for sign in line.finditer(plain)):
        return Danger.SELF
    if any(_tells_of_now(plain, sign) for line in others for sign in line.finditer(plain)):
        return Danger.VIOLENCE
    return None


# ------------------------------------------------------------------ one form of a text

_NOT_WORDS = re.compile(
    r"\b[a-z]{2,8}://\S+|\bwww\.\S+|\S+@\S+|(?<!\w)@\w+|\b(?:[\w-]+\.)+(?:com|net|org|me|hk|io|tv|cc|xxx)\b\S*"
)
_TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "danger.toml").read_text("utf-8"))
_CHARACTERS = str.maketrans({pair[0]: pair[1] for pair in _TABLE["characters"]["pairs"].split()})
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_LETTERS = re.compile("[a-z]")
_WORD = "(?<![a-z0-9])(?:{})(?![a-z0-9])"


def _sames(chinese: bool) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds the ways of saying one thing in a script, and what each group stands for."""
    same = {one: ways for one, ways in _TABLE["same"].items() if bool(_HAN.search(one)) is chinese}
    ways = "|".join(f"(?P<s{place}>{way})" for place, way in enumerate(same.values()))
    names = {f"s{place}": one for place, one in enumerate(same)}
    return re.compile(ways if chinese else _WORD.format(ways)), names


_SAMES = {chinese: _sames(chinese) for chinese in (False, True)}


def _one_form(text: str) -> str:
    """Return a folded text, or a line of the table, with one form for what means the same."""
    text = text.replace("'", "")
    if _LETTERS.search(text):
        ways, names = _SAMES[False]
        text = ways.sub(lambda found: names[found.lastgroup or ""], text)
    if not text.isascii():
        ways, names = _SAMES[True]
        text = ways.sub(lambda found: names[found.lastgroup or ""], text.translate(_CHARACTERS))
    return text


# ------------------------------------------------------------------ the families

_NAME = re.compile(r"\{([^\W\d]\w*)\}")
_GROUP = re.compile(r"\\.|\[[^\]]*\]|\((?!\?)")
_A_LITTLE = {False: "[^.!?\n]{0,25}?", True: "[^,.。!?\n]{0,8}?"}
_MORE = "[^.。!?\n]{0,16}?"


def _pattern(line: str) -> str:
    """Return the pattern of a line: its words put in, `~` spelled out, its groups kept from counting."""
    while _NAME.search(line):
        line = _NAME.sub(lambda name: f"({_TABLE['words'][name[1]]})", line)
    chinese = bool(_HAN.search(line))
    line = _GROUP.sub(lambda found: "(?:" if found[0] == "(" else found[0], _one_form(fold(line)))
    line = line.replace("~~", _MORE).replace("~", _A_LITTLE[chinese])
    if "& " not in line:
        return line if chinese else _WORD.format(line)
    parts = [part if chinese else _WORD.format(part) for part in line.split("& ")]
    return r"(?:^|(?<=[.!?。\n]))" + "".join(f"(?=[^.!?。\n]*?(?:{part}))" for part in parts)


def _sieve(families: list[dict[str, str]]) -> Sieve:
    lines = [line for family in families for line in family["lines"].replace("\n  ", "").splitlines()]
    return Sieve(map(_pattern, lines))


_HARMLESS = _sieve(_TABLE["harmless"])
_SELF = _sieve([family for family in _TABLE["sign"] if family["danger"] == Danger.SELF])
_VIOLENCE = _sieve([family for family in _TABLE["sign"] if family["danger"] == Danger.VIOLENCE])

# ------------------------------------------------------------------ what stands before it

_WINDOW = 48
"""Characters looked at before a sign."""

_NO = re.compile(
    r"(?:\b(?:not|never|isnt|wasnt|wouldnt|wont|no longer|dont|didnt|doesnt|havent|hasnt|without|no(?: thoughts? of| plans? (?:of|to)| intention (?:of|to))?)"
    r"(?: (?:really|actually|currently|feeling|feel|gonna|planning to|even|any|be|being|been|trying to|want|wanna|thinking (?:of|about)|think (?:of|about)|thoughts? (?:of|about)|have|having|to|mean|that|so|at all|ever|consider(?:ed|ing)?|a|with|commit(?:ting)?|like|touched|threatened|in|just)){0,4} ?$)"
    r"|(?:唔|唔係|並唔|冇|未|未曾|從嚟冇|從未|唔會|絕對唔會|唔敢|唔打算|唔好|唔要|(?<!係)咪)(?:真係|話|想過?|諗過?|打算|係|會|要|過|去|有|真|話要|想到|試過)*$"
)
_YES_AFTER_ALL = re.compile(r"\b(?:sure|know|help|why|stop|only|if)\b|唔知|唔肯定")

_THIRD = re.compile(
    r"\b(?:he|she|they|friend|friends|sister|brother|cousin|aunt|uncle|mum|dad|classmate|colleague|ex|boyfriend|girlfriend|husband|wife|partner|girl|boy|people|celebrity|character|neighbou?r|someone|somebody|movie|film|book|song)\b"
    r"|佢|朋友|同學|同事|家姐|阿?媽|阿?爸|阿姨|表[哥姐弟妹]|鄰居|人哋|有人|前度|男友|女友|老公|老婆|明星|電影|新聞|主角|貓|狗|條友|阿嫲|婆婆|公公|阿爺"
)
_FIRST = re.compile(r"\b(?:i|im|id|ill|ive|me|my|myself|mine)\b|我|自己")
_ABOUT_SOMEBODY = re.compile(
    r"suicid|自[殺盡殘傷]|輕生|跳|燒炭|吊頸|上吊|𠝹|overdos|self|jump|die|dying|dead|死|遺書|訣別|吞|服|食|想解脫|消失"
)

_LONG_AGO = re.compile(
    r"\b(?:\w+ )?(?:years?|months?|decades?) ago\b|\b(?:last (?:year|month|summer)|used to|back then|back in|in the past|when i was (?:a (?:kid|child)|little|young|\d+|in school)|as a child|in (?:19|20)\d\d|once upon|previously|formerly|childhood)\b"
    r"|(?:[\d幾一二兩三四五六七八九十多好]+)(?:年|個月|個幾月)(?:之)?前|以前|舊年|上年|去年|前年|細個|小時候|小學|中學嗰時|當年|嗰年|嗰陣時?|當時|嗰時|從前|曾經|拍拖嗰陣"
)
_STILL = re.compile(
    r"\b(?:still|again|now|tonight|today|keeps?|yesterday|will|ll|gonna|just)\b|而家|今晚|今日|尋晚|尋日|琴日|又|仲|繼續|再|會|要|話"
)
_ENDS = re.compile(r"[.!?。\n;]")


def _before(text: str, sign: re.Match[str]) -> str:
    """Return what stands just before a sign in the same sentence."""
    return _ENDS.split(text[max(0, sign.start() - _WINDOW) : sign.start()])[-1]


def _tells_of_self(text: str, sign: re.Match[str]) -> bool:
    before = _before(text, sign)
    if _NO.search(before) and not _YES_AFTER_ALL.search(before[-16:]):
        return False
    if _ABOUT_SOMEBODY.search(sign[0]) and "my" not in sign[0]:
        # Whose wish it is, is whoever was named last: "he makes me want to die" is hers.
        third = [match.end() for match in _THIRD.finditer(before)]
        first = [match.end() for match in _FIRST.finditer(before + sign[0])]
        if third and (not first or third[-1] > first[-1]):
            return False
    return True


def _tells_of_now(text: str, sign: re.Match[str]) -> bool:
    before = _before(text, sign)
    if _NO.search(before) and not _YES_AFTER_ALL.search(before[-16:]):
        return False
    after = _ENDS.split(text[sign.end() : sign.end() + _WINDOW])[0]
    sentence = before + sign[0] + after
    return not (_LONG_AGO.search(sentence) and not _STILL.search(sentence))
