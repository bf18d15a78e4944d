"""Short replies that steer: the commands, DONE, "I have no links", and a greeting."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from flows.understanding.text import fold
from flows.understanding.wordings import LONGEST_TYPED, Wordings
from flows.vocabulary import CHINESE, ENGLISH, Language

Command = Literal["help", "back", "skip", "why", "language", "human", "stop", "erase", "restart", "exit"]


@dataclass(frozen=True)
class Asked:
    """A command. `language` is the one asked for; None means the other one."""

    command: Command
    language: Language | None = None


_TABLES = tomllib.loads((Path(__file__).parent / "commands.toml").read_text("utf-8"))
_REAL_WORDS = _TABLES["slips"]["real_words"]
# Erasing cannot be taken back, so no slip in typing asks for it.
_COMMANDS = Wordings(_TABLES["commands"], exact={"erase"}, real_words=_REAL_WORDS)
_DONE = Wordings(_TABLES["done"], real_words=_REAL_WORDS)
_NO_LINKS = Wordings(_TABLES["no_links"], real_words=_REAL_WORDS)
_GREETING = Wordings(_TABLES["greeting"], real_words=_REAL_WORDS)
_THANKS = Wordings(_TABLES["thanks"], real_words=_REAL_WORDS)

_ASKED_IN: dict[str, Language] = {"language_en": ENGLISH, "language_zh": CHINESE}
_ONLY_QUESTION_MARKS = re.compile(r"[?\s]*\?[?\s]*")


def read_command(text: str) -> Asked | None:
    """Return the command that `text` is, in either language, or None.

    A command is the whole message; the same word inside a sentence is prose. Slips in typing are
    forgiven, but for `erase`. `cancel` is no command: it says no to one question and stop at another.
    `quit` and 離開 are `exit`, which leaves nothing behind; `bye` and the providers' `unsubscribe` are `stop`.
    """
    if len(text) <= LONGEST_TYPED and _ONLY_QUESTION_MARKS.fullmatch(fold(text)):
        return Asked("help")
    meaning = _COMMANDS.meaning(text)
    if meaning in _ASKED_IN:
        return Asked("language", _ASKED_IN[meaning])
    return Asked(cast(Command, meaning)) if meaning else None


def read_done(text: str) -> bool:
    """Tell whether `text` says that nothing more is coming. "No" and 冇 do: they answer "anything else?"."""
    return _DONE.meaning(text) is not None


def read_no_links(text: str) -> bool:
    """Tell whether `text` says that there is no link. "No" and 冇 do: ask this before `read_done`."""
    return _NO_LINKS.meaning(text) is not None


def is_thanks(text: str) -> bool:
    """Tell whether `text` only thanks us."""
    return _THANKS.meaning(text) is not None


def is_greeting(text: str) -> bool:
    """Tell whether `text` only says hello, or only asks to begin."""
    return _GREETING.meaning(text) is not None
