"""Looking after the channels that belong to a provider: setting them up there, and seeing whether they work."""

from __future__ import annotations

from importlib import import_module

import click

CHANNELS = {"telegram": "tada.telegram", "whatsapp": "tada.whatsapp"}
"""Each group of commands and the module that has it, which is loaded when the group is called."""


class Channels(click.Group):
    """Loads no channel but the one that is asked for."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(CHANNELS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in CHANNELS:
            return None
        command: click.Command = getattr(import_module(CHANNELS[name]), name)
        return command


@click.group(cls=Channels)
def channel() -> None:
    """Set up WhatsApp and Telegram."""
