"""Words that follow the organisation's facts: a number that was changed is said at once, in every process."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from flows.vocabulary import Language, Param
from locales.facts import FactsError, load_facts
from locales.words import Words

logger = logging.getLogger(__name__)

LOOKED_EVERY = 2.0
"""Seconds. A look is a few microseconds; it must not be taken for every text."""

_NOTHING: Mapping[str, Param] = MappingProxyType({})
_State = tuple[int, int] | None


class LivingWords(Words):
    """As `Words`, read again when a file of facts changed. One that cannot be used is left alone, and logged."""

    def __init__(self, files: Sequence[Path], settings: Mapping[str, str | int] | None = None) -> None:
        """Read the catalogues and the facts.

        Args:
            files: the organisation's files, each over those before; they need not exist.
            settings: as `Words`.
        Raises: as `Words`, and `FactsError`.
        """
        self._files, self._settings = tuple(files), settings
        self._taken = self._state()
        self._look_at = time.monotonic() + LOOKED_EVERY
        super().__init__(load_facts(*files), settings)

    def fact(self, language: Language, name: str) -> str:
        """As `Words.fact`."""
        self._look()
        return super().fact(language, name)

    def say(self, language: Language | None, message: str, params: Mapping[str, Param] = _NOTHING) -> str:
        """As `Words.say`."""
        self._look()
        return super().say(language, message, params)

    def _look(self) -> None:
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOKED_EVERY
        state = self._state()
        if state == self._taken:
            return
        self._taken = state
        try:
            fresh = Words(load_facts(*self._files), self._settings)
        except FactsError:
            logger.error("the facts were changed to something that cannot be used; the old ones are said on")
            return
        # What is said meanwhile is of one or the other, and whole.
        self._facts, self._catalogues = fresh._facts, fresh._catalogues

    def _state(self) -> tuple[_State, ...]:
        return tuple(map(_state_of, self._files))


def _state_of(file: Path) -> _State:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
