"""The terminal as a channel: a line that is typed is a delivery, and nobody stands in between."""

from __future__ import annotations

from dataclasses import dataclass

from bot.receive import Reception
from bot.terminal import run
from locales import Words
from settings import read_settings
from storage.intake import Intake
from tests.channels.harness import Channel, Delivery, Person, Shown


@dataclass
class Typist(Person):
    """Somebody at a terminal, who comes back for each line."""

    def __post_init__(self) -> None:
        settings = read_settings(self.service.environ)
        self._words = Words.load()
        intake = Intake(self.service.database, self.service.keys, settings.journal)
        self._reception = Reception(intake, self._words)

    def begin(self) -> Shown:
        return Shown(200, tuple(self._type()[0]))

    def text(self, words: str) -> Delivery:
        return self.proved(words.encode("utf-8", "surrogatepass"))

    def proved(self, body: bytes) -> Delivery:
        return Delivery(body)

    def deliver(self, delivery: Delivery) -> Shown:
        # As Python reads what is typed: bytes of another encoding come as halves of a pair.
        return Shown(200, tuple(self._type(delivery.body.decode("utf-8", "surrogateescape"))[1]))

    def _type(self, *lines: str) -> list[list[str]]:
        """Come, type the lines and go; return what was shown before the first line, and after each."""
        shown: list[list[str]] = [[]]
        typed = iter(lines)

        def read(prompt: str) -> str:
            shown.append([])
            for line in typed:
                return line
            raise EOFError

        def write(text: str) -> None:
            shown[-1].append(text)

        run(self._reception, self._words, None, f"person {self.number}", read, write)
        return shown


TERMINAL = Channel(
    name="terminal",
    join=Typist,
    most=100_000,
    forged=None,
    away=(200, True),
    again=False,
    kinds=(),
)
