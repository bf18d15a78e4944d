"""Where a link ends: its path, query and fragment, told from the sentence it stands in."""

from __future__ import annotations

import re

from flows.understanding.hosts import is_top_level_domain
from flows.understanding.link_letters import HAN, HIDDEN, HIDDEN_LETTERS, URL, without_hidden

_SCHEME_AFTER_H = r"(?i:t{1,2}p|xxp)s?(?::|\[:)/?/?"
_NEXT_LINK = r"(?i:https?:|www\.|[\w-]{1,63}\.(?:com|net|org|hk|me|to|tv)[/\s])"
# Words that a comment after a link starts with; the title of a page seldom does.
_COMMENT = "呢嗰佢我你妳您嘅係喺唔睇這那的是了和同仲及與有冇都就但因請多謝求救幫可希呀啊吖喎"

# The letter h and commas stand apart: with them the next link may start, glued to this one. Case is ignored only
# where it must be: over ranges as wide as these, the flag makes compiling slow.
_LETTERS = rf"[{URL.replace('A-Z', 'A-GI-Z').replace('a-z', 'a-gi-z').replace(',;', '').replace('|', '')}]++"
_PIECES = (
    _LETTERS,
    rf"[hH](?!{_SCHEME_AFTER_H})",
    rf"(?<==)[hH](?={_SCHEME_AFTER_H})",
    rf"[,;|](?!{_NEXT_LINK})",
    rf"[{HIDDEN}]++(?=[{URL}])",
    # Chinese is the link's where it starts a value, or a segment that goes on.
    rf"(?<==)[{HAN}]++",
    rf"(?<=/)(?![{_COMMENT}])[{HAN}]++(?=/|[-_.+%][\w%])",
    rf"(?<=[{HAN}]/)(?![{_COMMENT}])[{HAN}]++",
    rf"(?<=[-_+])[{HAN}]++(?=[-_/.+][\w%])",
)
_FIRST = r"[/?#\\]"


def _tail(*pieces: str) -> re.Pattern[str]:
    return re.compile(rf"{_FIRST}(?:{'|'.join(pieces)})*+")


_TAIL = _tail(*_PIECES)
_TAIL_THAT_WRAPS = _tail(*_PIECES, "[hH]")
_CHINESE_MAY_FOLLOW = re.compile(
    r"(?:[?&](?:q|query|keywords?|kw|wd|word|search|search_query|searchword|text|tag|k|p|s)=[^&#]*"
    r"|/(?:wiki|tags?|search|hashtag)/[^/?#]*)\Z"
)
_CHINESE_FOLLOWS = re.compile(rf"(?:[{HAN}]++|{'|'.join(_PIECES)})++")
_NEXT_LINE = re.compile(rf"[ \t]*\r?\n(?P<more>[{URL}]++)(?=[ \t]*(?:\r?\n|\Z))")
_LINE_END = re.compile(r"[ \t]*\r?\n")
_NAME = re.compile(r"[-_/]{0,3}[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.([a-z]{2,20})(?=[/?:]|\Z)", re.IGNORECASE)
_UNFINISHED = re.compile(r"[?&][\w-]{1,40}=\Z|[&%]\Z")
_GOES_ON = re.compile(r"[?&][\w-]{1,40}=|%[0-9a-fA-F]{2}|=\w")
_MOST_LINES = 8
_OPENERS = {")": "(", "]": "[", "}": "{"}


def tail_at(text: str, at: int, *, before: str, wraps: bool = False) -> tuple[str, int]:
    """Read path, query and fragment.

    Args:
        at: the first place after host and port.
        before: the character in front of the whole link, or nothing.
        wraps: whether the path may be the address of another page, as in an archive.
    Returns:
        The tail on one line, empty where there is none, and where it ends in the text.
    """
    matched = (_TAIL_THAT_WRAPS if wraps else _TAIL).match(text, at)
    if not matched:
        return "", at
    end = matched.end()
    if _CHINESE_MAY_FOLLOW.search(text, at, end) and (more := _CHINESE_FOLLOWS.match(text, end)):
        end = more.end()
    for _ in range(_MOST_LINES):
        wrapped = _NEXT_LINE.match(text, end)
        if not wrapped or not _goes_on(text[at:end], wrapped["more"], before):
            break
        end = wrapped.end("more")
    tail = trimmed(text[at:end], before)
    return without_hidden(_LINE_END.sub("", tail)), at + len(tail)


def trimmed(tail: str, before: str) -> str:
    """Cut off what belongs to the sentence: a bracket nobody opened, the last punctuation, emphasis.

    Args:
        before: the character in front of the link; what is written `*link*` ends as it starts.
    """
    open_now = dict.fromkeys(_OPENERS.values(), 0)
    for at, sign in enumerate(tail):
        if sign == "[" and tail.startswith("/", at + 1):  # the end of a tag: [/url]
            tail = tail[:at]
            break
        if sign in open_now:
            open_now[sign] += 1
        elif opener := _OPENERS.get(sign):
            open_now[opener] -= 1
            if open_now[opener] < 0:
                tail = tail[:at]
                break
    emphasis = before if before in {"*", "_", "~"} else ""
    return tail.removesuffix("'s").rstrip(".,;:!?'|^([{&" + HIDDEN_LETTERS + emphasis)


def _goes_on(tail: str, line: str, before: str) -> bool:
    """Tell whether the next line, one word of URL letters, is certainly the rest of a link that was wrapped."""
    name = _NAME.match(line)
    if "://" in line or (name and is_top_level_domain(name[1])) or before == line[0] == "-":
        return False  # the next link, or the next line of a list
    if _UNFINISHED.search(tail[-50:]) or _GOES_ON.match(line):
        return True
    if tail[-1] in ".,;:!?":
        return False
    # One more word after a dash may be a note about the link; a second sign or a number makes it an address.
    return (tail[-1] in "-_" or line[0] in "-_/") and bool(re.search(r"\w[-_./=\d]", line[1:]))
