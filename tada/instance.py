"""The instance that a command works on: opened part by part, as far as the command needs it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import click

from settings import Settings, read_settings

if TYPE_CHECKING:
    from bot.receive import Reception
    from locales import Words
    from storage.database import Database
    from storage.keys import KeyDirectory


@dataclass(frozen=True)
class Instance:
    """One installation: its settings, its keys, its database. Each part is also loaded when it is first used."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @cached_property
    def settings(self) -> Settings:
        """Raises `SettingsError` where one cannot be used."""
        return read_settings(self.environ)

    @cached_property
    def keys(self) -> KeyDirectory:
        """The key directory; nothing is read of it yet."""
        from storage.keys import KeyDirectory

        return KeyDirectory(self.settings.keys, self.settings.desk_key_fingerprint)

    @cached_property
    def database(self) -> Database:
        """The database; nothing is connected yet. Raises `NotSetUp` before `tada init` ran."""
        from storage.database import Database

        self.require_init()
        return Database.open(self.settings.database_url)

    @cached_property
    def words(self) -> Words:
        """Every text, with the facts and the settings of this instance in place."""
        from locales import LivingWords

        return LivingWords(self.settings.facts_files, self.settings.placeholders())

    @cached_property
    def reception(self) -> Reception:
        """What takes messages in."""
        from bot.receive import Reception
        from storage.intake import Intake

        settings = self.settings
        return Reception(Intake(self.database, self.keys, settings.journal, settings.draft_hours), self.words)

    def require_init(self) -> None:
        """Raises `NotSetUp` before `tada init` ran."""
        if not self.settings.keys.exists():
            raise NotSetUp(f"There is no instance in {self.settings.home} yet. Run: tada init")


class NotSetUp(click.ClickException):
    """The home has no keys: `tada init` did not run, or the key directory is not mounted."""


pass_instance = click.make_pass_decorator(Instance)
