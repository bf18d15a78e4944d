"""The pages of the web chat, drawn from templates that know nothing but what is handed to them here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bot.receive import Answer, Message
from bot.web.prose import blocks, lang_of
from flows.vocabulary import CHINESE, ENGLISH, LANGUAGES, Language
from locales import TAGS, Words
from locales.templates import templates

SAYS: dict[str, str] = {
    "why": "why",
    "skip": "skip",
    "back": "back",
    "help": "help",
    ENGLISH: "English",
    CHINESE: "中文",
}
"""Buttons that stand for a command, and the words they send: understood in either language."""

ASIDES = ("why", "skip", "back", "help")

COUNTED = ("count_left", "too_long")
"""Texts that count something, and say it differently of one."""

_OPEN = {"step": "{step}", "of": "{of}", "n": "{n}"}
"""What the script fills in by itself stays a placeholder."""


@dataclass(frozen=True)
class Held:
    """What goes back into the page, so that nothing is written twice.

    Attributes:
        id: what the next message will be called.
        typed: what stands in the box.
        fields: a button that was pressed in vain, to be sent again.
    """

    id: str = ""
    typed: str = field(default="", repr=False)
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class View:
    """What a page shows of a conversation; nothing, before it began."""

    token: str = field(default="", repr=False)
    answer: Answer | None = None
    held: Held = Held()
    notice: str = ""
    again: bool = False

    @property
    def messages(self) -> tuple[Message, ...]:
        """The reply."""
        return self.answer.messages if self.answer else ()

    @property
    def question(self) -> Message | None:
        """The newest message that has something to choose from."""
        return next((message for message in reversed(self.messages) if message.choices), None)

    @property
    def shown(self) -> str:
        """The id of the last message that a colleague wrote; empty where there is none."""
        return next((each.id for each in reversed(self.messages) if each.sender == "caseworker"), "")

    @property
    def step(self) -> str:
        """The question that stands."""
        return self.answer.step if self.answer else ""

    @property
    def progress(self) -> tuple[int, int]:
        """Which question of how many; zeros where none stands."""
        return (self.answer and self.answer.progress) or (0, 0)

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self.answer is not None and self.answer.closed

    @property
    def asides(self) -> tuple[str, ...]:
        """The quiet buttons below the question; none while the chat is paused."""
        if self.step == "paused":
            return ()
        return tuple(name for name in ASIDES if name != "skip" or (self.answer and self.answer.skippable))

    @property
    def code(self) -> str:
        """The case code that stands in the reply, if one does."""
        spans = (
            span
            for said in self.messages
            for block in blocks(said.text)
            for line in block.lines
            for span in line
        )
        return next((span.text for span in spans if span.kind == "code"), "")


_TEMPLATES = templates(
    "bot.web",
    asides=[(name, SAYS[name]) for name in ASIDES],
    blank=View(),
    blocks=blocks,
    lang_of=lang_of,
)


class Pages:
    """Draws every page. Texts are read once, when this is made."""

    def __init__(self, words: Words) -> None:
        self._words = words
        texts = {language: self._texts(language) for language in LANGUAGES}
        self._on_every_page = {
            "languages": [
                (ENGLISH, TAGS[ENGLISH], texts[ENGLISH]["language_en"]),
                (CHINESE, TAGS[CHINESE], texts[CHINESE]["language_zh"]),
            ],
            "language_names": " / ".join((texts[CHINESE]["language_zh"], texts[ENGLISH]["language_en"])),
            "words_json": json.dumps(texts, ensure_ascii=False),
        }

    def start(self, language: Language, notice: str = "") -> str:
        """The page before the chat."""
        return self._draw("start.html", language, View(notice=self._notice(language, notice)))

    def turn(self, language: Language, token: str, answer: Answer, held: Held, notice: str = "") -> str:
        """The chat after one turn; `notice` is the id of a text beside it."""
        language = answer.language or language
        view = View(token, answer, held, self._notice(language, notice))
        return self._draw("turn.html", language, view)

    def again(self, language: Language, token: str, held: Held, notice: str) -> str:
        """Something was not taken: it is still there, and can be sent once more under the same id."""
        view = View(token, None, held, self._notice(language, notice), again=True)
        return self._draw("turn.html", language, view)

    def problem(self, language: Language, text: str) -> str:
        """A page that only says what went wrong, in words already chosen."""
        return self._draw("problem.html", language, View(), text=text)

    def left(self, language: Language, exit_url: str) -> str:
        """Nothing but the way to the neutral page, for a browser that does not go there by itself."""
        return self._draw("left.html", language, View(), exit_url=exit_url)

    def _draw(self, template: str, language: Language, view: View, **more: Any) -> str:
        def say(name: str, **params: int) -> str:
            return self._words.say(language, f"page.{name}", params)

        return _TEMPLATES.get_template(template).render(
            self._on_every_page, view=view, language=language, lang=TAGS[language], say=say, **more
        )

    def _notice(self, language: Language, message: str) -> str:
        return self._words.say(language, message) if message else ""

    def _texts(self, language: Language) -> dict[str, str]:
        """Every text of the page, for the script."""
        texts = {
            id_.removeprefix("page."): self._words.say(language, id_, _OPEN)
            for id_ in sorted(self._words.ids())
            if id_.startswith("page.")
        }
        ones = {f"{name}.one": self._words.say(language, f"page.{name}", {"n": 1}) for name in COUNTED}
        return texts | ones
