"""What was typed, in the three forms the rest reads: kept (`clean`), compared (`fold`), answered (`bare`)."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

# ------------------------------------------------------------------ what is kept

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_JUNK = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters; tab and line feed are read before
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"  # soft hyphen, invisible fillers
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"  # zero width, direction
    "\ud800-\udfff\U000e0000-\U000e0fff]"  # lone surrogates, tags
)
# A joiner belongs inside an emoji, and inside words of the scripts of India, Nepal, Pakistan and Persia.
_JOINED = "\u0600-\u0dff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_LOOSE_JOINER = re.compile(f"(?<![{_JOINED}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_JOINED}])")


def clean(text: str) -> str:
    """Return what is kept of `text`: nothing visible is changed, and nothing invisible is left.

    Lone surrogates, control characters, marks that change the direction of text and zero-width
    characters go; every line end is `\\n`, a tab is a space, the ends are stripped. Never raises; linear.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return _LOOSE_JOINER.sub("", _JUNK.sub("", text)).strip()


# ------------------------------------------------------------------ what is compared


def _forms() -> dict[int, int | str]:
    """Return the one form each character is read as, where it has several."""
    lines = (Path(__file__).parent / "characters.txt").read_text("utf-8").splitlines()
    pairs = " ".join(line for line in lines if not line.startswith("#")).split()
    # Numbers, which take half the memory of so many strings of one character.
    forms: dict[int, int | str] = {ord(pair[0]): ord(pair[1]) for pair in pairs}
    forms |= dict.fromkeys(map(ord, "‘’‛`´ʼ′＇"), "'")
    forms |= dict.fromkeys(map(ord, "“”„″「」『』«»《》＂"), '"')
    forms |= dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
    forms |= dict.fromkeys(map(ord, "～〜∼"), "~")
    forms |= dict.fromkeys(map(ord, "\u200c\u200d\ufe0e\ufe0f\u20e3"), "")  # keycaps become their digit
    for first in (0x2776, 0x2780, 0x278A, 0x24F5):  # ❶ ➀ ➊ ⓵, which NFKC leaves alone
        forms |= {first + n: str(n + 1) for n in range(10)}
    forms |= {0x1F51F: "10", ord("〇"): "零"}
    return forms


_FORMS = _forms()
_HAN = "\u3400-\u9fff"
# What Hong Kong types for a character it has no key for, read by its neighbours.
_BY_NEIGHBOUR: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("系(?![統列])"), "係"),  # 系咪, 关系; not 系統
    (re.compile("里(?=[面邊頭])|(?<=[這那哪呢手心屋])里"), "裏"),
    (re.compile(f"(?<=[{_HAN}])d(?![a-z0-9])|(?<![a-z0-9])d(?=[{_HAN}])"), "啲"),  # 快d, d相
    (re.compile(f"(?<=[{_HAN}a-z])既(?![然定得往是要有])"), "嘅"),  # 我既相
    (re.compile(f"(?<=[{_HAN}a-z])左(?![邊手右面腳側眼近])"), "咗"),  # 影左, send左; not 16左右
    (re.compile("(?<![如結效成水因])果(?=[陣個時啲張條次度晚日年])"), "嗰"),
    (re.compile("黎(?=[緊到㗎架啦喇]|$)|(?<=[出返過起上落入])黎"), "嚟"),
)


def fold(text: str) -> str:
    """Return the form in which two texts are compared, never shown: fold what it is compared with too.

    Width, case, circled digits and keycaps, Simplified and variant characters, common Cantonese
    spellings, quotes, dashes and white space have one form each. Never raises; linear.
    """
    text = clean(text)
    if text.isascii():
        # A message is folded by each of its readers; nothing below would change this one.
        return " ".join(text.replace("`", "'").lower().split())
    text = _normalise(_few_marks(text).translate(_FORMS)).casefold()
    text = " ".join(_normalise(text).translate(_FORMS).split())
    for form, read_as in _BY_NEIGHBOUR:
        text = form.sub(read_as, text)
    return text


def _normalise(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _few_marks(text: str, most: int = 4) -> str:
    """Shorten runs of combining marks: normalising one takes quadratic time, and no language needs more."""
    if text.isascii():
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= most:
            kept.append(character)
    return "".join(kept)


# ------------------------------------------------------------------ what is answered

_BEFORE = re.compile(
    "^(?:(?:please|pl[sz]+|kindly|thanks?|thank you|thx|sorry|um+|uh+|erm+|h+m+|(?:can|could|may) (?:you|i|we)"
    "|i want(?: to)?|i wanna|(?:i'd|id|i would) like(?: to)?|let me|let's)(?![a-z0-9'])"
    "|唔該你?|麻煩你?|請問?你?|多謝你?|謝謝你?|[唔不]好意思|可[唔不]可以|可以幫我|幫我|我想要?|我要|[嗯呃喔哦])[\\W_]*"
)
_AFTER = re.compile(
    "[\\W_]*(?:(?<![a-z0-9'])(?:please|pl[sz]+|thank(?:s|you)?(?: you)?(?: (?:so|very) much| a lot)?|thx|ty|tks"
    "|l[ao]h?|lor|ah?|ar|wor)"
    "|唔該晒?你?|多謝晒?你?|謝謝你?|感謝|[呀啦喇啊吖囉咯喎噃嘞喔哦架㗎])$"
)
_EDGES = re.compile("^[\\W_]+|[\\W_]+$")
_DRAWN_OUT = re.compile("([a-z])\\1{2,}")  # yesss, helllp
SHORT = 200
"""Characters. Nothing longer is a command or a bare answer."""


def bare(text: str) -> str:
    """Return a short reply folded, without the punctuation, emoji, politeness and particles around it.

    Something always stays of a reply in words: `thanks` is `thanks`. A longer text is only folded.
    """
    text = fold(text)
    if len(text) > SHORT:
        return text
    text = _EDGES.sub("", _DRAWN_OUT.sub(r"\1", text))
    while True:
        shorter = _EDGES.sub("", _AFTER.sub("", _BEFORE.sub("", text)))
        if shorter in ("", text):
            return text
        text = shorter
