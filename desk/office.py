"""What every page of the desk works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from locales import Words
from storage.codes import CODE_PARAMETERS
from storage.database import Database
from storage.guessing import Guesses
from storage.intake import DRAFT_HOURS
from storage.keys import KeyDirectory
from storage.sealing import PASSWORD_PARAMETERS, PasswordParameters

if TYPE_CHECKING:
    from desk.pages import Pages


@dataclass(frozen=True)
class Options:
    """What an operator decided about the desk.

    Attributes:
        address: where colleagues reach it, such as `https://desk.example.org`; None on one's own machine.
            Where it is given, the desk answers to no other host.
        shared_static: the folder with the colours that the chat and the desk share.
        closed_days: as `Settings.closed_days`.
        journal: as `Settings.journal`.
        draft_hours: as `Settings.draft_hours`.
        facts_files: the organisation's files of facts; the last one is written by the desk.
        placeholders: as `Settings.placeholders`.
        mail_is_on: whether there is a mail server to tell colleagues by.
        telegram_is_on: likewise, a bot.
        parameters: what a guess at a password costs.
        code_parameters: what deriving the keys of a case code costs, as the intake has it.
    """

    address: str | None
    shared_static: Path
    closed_days: int
    journal: Path
    draft_hours: int = DRAFT_HOURS
    mail_is_on: bool = False
    telegram_is_on: bool = False
    facts_files: tuple[Path, ...] = ()
    placeholders: Mapping[str, str] = field(default_factory=dict)
    parameters: PasswordParameters = PASSWORD_PARAMETERS
    code_parameters: PasswordParameters = CODE_PARAMETERS

    @property
    def secure(self) -> bool:
        """Whether it is reached by https, so that its cookie may travel in no other way."""
        return self.address is not None and self.address.startswith("https://")

    @property
    def host(self) -> str | None:
        """Host and port of the address."""
        return None if self.address is None else urlsplit(self.address).netloc


@dataclass(frozen=True)
class Office:
    """The parts of the desk, for its pages."""

    options: Options
    database: Database
    keys: KeyDirectory
    words: Words
    pages: Pages = field(repr=False)
    guesses: Guesses

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC)
