"""The conversation in a terminal: for trying it, and for a counter where somebody types for a person."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from bot.numbered import numbered
from bot.problems import problem_of
from bot.receive import Reception
from flows.understanding.commands import read_command
from flows.vocabulary import Heard, Language
from locales import Words

CHANNEL = "terminal"


def run(
    reception: Reception,
    words: Words,
    language: Language | None,
    name: str = "me",
    read: Callable[[str], str] = input,
    write: Callable[[str], None] = print,
) -> None:
    """Hold one conversation until the person leaves it.

    Args:
        reception: what answers.
        words: the catalogues.
        language: what to speak; None says everything in both until one is chosen.
        name: who is here; somebody of the same name goes on where the last one stopped.
        read: shows a prompt and returns a line; raises EOFError at the end of the input.
        write: shows a text.
    """
    talk = _Talk(reception, words, language, name, write)
    write(talk.label("terminal.hello"))
    try:
        talk.send(kind="start")
        if language is not None and talk.step == "language":
            talk.send(choice=language)
        while True:
            line = read(f"{talk.label('terminal.you')}> ")
            asked = read_command(line)
            if asked is not None and asked.command == "exit":
                break
            talk.send(text=line)
    except KeyboardInterrupt:
        write("\n" + talk.label("terminal.interrupted"))
    except EOFError:
        write("")
    write(talk.label("terminal.bye"))


class _Talk:
    """One side of the conversation: sends what was typed, and writes what comes back."""

    def __init__(
        self,
        reception: Reception,
        words: Words,
        language: Language | None,
        name: str,
        write: Callable[[str], None],
    ) -> None:
        self._reception = reception
        self._words = words
        self._language = language
        self._name = name
        self._write = write
        self.step = ""

    def label(self, message: str) -> str:
        return self._words.label(self._language, message)

    def send(self, **heard: Any) -> None:
        """Send one message. What goes wrong is said, and the next line is a new message."""
        message = Heard(CHANNEL, self._name, id=secrets.token_hex(16), can_be_reached=True, **heard)
        try:
            answer = self._reception.receive(message)
        except Exception as failure:
            self._write("\n" + self._words.say(self._language, problem_of(failure).text))
            return
        self.step, self._language = answer.step, answer.language or self._language
        for said in answer.messages:
            self._write("\n" + numbered(self._words, answer, said))
            if said.sender == "caseworker":
                self._reception.shown(CHANNEL, self._name, said.id)
