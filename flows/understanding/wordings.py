"""Short replies that mean one thing each, from tables that hold many wordings in a line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from flows.understanding.slips import Corrections
from flows.understanding.text import bare, fold

LONGEST = 80
"""Characters without spaces. Nothing longer is one short reply, and matching stays quick."""
LONGEST_TYPED = 1_000
"""Characters as typed, with all that is folded away. Nothing longer is one short reply, and it is not even folded."""

_REGEX = str.maketrans({"(": "(?:", "[": "(?:", "]": ")?", " ": None, "'": None, "/": None})
_MARKS = re.compile(r"[\W_]+")
_WORD = re.compile("[a-z]+")


def line_pattern(line: str) -> str:
    """Return the regular expression for a line of a table: `go back [a (step|question)]` is three wordings.

    `(a|b)` is one of them, `[a|b]` one of them or none; they nest. Spaces say nothing: `goback`, `想 同人傾`.
    """
    return fold(line).translate(_REGEX)


class Wordings:
    """What short replies mean. A reply means something only as a whole: inside a sentence it means nothing."""

    def __init__(
        self,
        lines: Mapping[str, Iterable[str]],
        *,
        exact: Collection[str] = (),
        real_words: Iterable[str] = (),
    ) -> None:
        """Read the lines.

        Args:
            lines: for each meaning its lines (`line_pattern`). The first meaning that fits is the one.
            exact: meanings that no slip in typing may lead to.
            real_words: words that are never read as a slip of another.
        """
        self._patterns = {
            meaning: re.compile("|".join(map(line_pattern, meant))) for meaning, meant in lines.items()
        }
        # Most of what people write means none of these, and one look tells.
        self._any = re.compile("|".join(pattern.pattern for pattern in self._patterns.values()))
        self._exact = frozenset(exact)
        words = {
            word
            for meaning, meant in lines.items()
            if meaning not in self._exact
            for line in meant
            for word in _WORD.findall(line.replace("'", ""))
        }
        self._corrections = Corrections(words, real_words)

    def meaning(self, text: str) -> str | None:
        """Return what the whole of `text` means, or None."""
        if len(text) > LONGEST_TYPED:
            return None
        # 好喇 says done and 好 says yes: the wording as it stands comes first, then what is polite goes.
        forms = dict.fromkeys(_MARKS.sub(" ", form(text).replace("'", "")) for form in (fold, bare))
        replies = [reply for reply in forms if 0 < len(reply.replace(" ", "")) <= LONGEST]
        for reply in replies:
            if meaning := self._fitting(reply):
                return meaning
        meant = {word: self._corrections.of(word) for word in {*_WORD.findall(" ".join(replies))}}
        for reply in replies:
            corrected = _WORD.sub(lambda word: meant[word[0]], reply)
            if corrected != reply:
                meaning = self._fitting(corrected)
                if meaning and meaning not in self._exact:
                    return meaning
        return None

    def _fitting(self, reply: str) -> str | None:
        key = reply.replace(" ", "")
        if not self._any.fullmatch(key):
            return None
        fits = (meaning for meaning, pattern in self._patterns.items() if pattern.fullmatch(key))
        return next(fits, None)
