"""The commands of `tada`, and how each of their failures becomes one line."""

from __future__ import annotations

import io
import os
import sys
from importlib import import_module
from typing import Any

import click

from tada.instance import Instance
from tada.problems import told

COMMANDS = {
    "init": "tada.keeping",
    "serve": "tada.serve",
    "worker": "tada.keeping",
    "chat": "tada.chat",
    "staff": "tada.staff",
    "case": "tada.cases",
    "keys": "tada.keys",
    "purge": "tada.keeping",
    "report": "tada.report",
    "backup": "tada.backing_up",
    "restore": "tada.backing_up",
    "channel": "tada.channel",
    "demo": "tada.demo",
    "flow": "tada.flow",
    "doctor": "tada.doctor",
}
"""Each command and the module that has it, which is loaded when the command is called."""


class Commands(click.Group):
    """Tells every failure in one line, and never shows a traceback: its values could be a person's."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[name]), name)
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None
        except Exception as error:
            raise click.ClickException(told(error)) from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are variables of the environment, or lines of settings.env in TADA_HOME; see docs/running.md.",
)
@click.version_option(package_name="tada", prog_name="tada")
@click.pass_context
def cli(context: click.Context) -> None:
    """An intake assistant for survivors of image-based sexual violence.

    \b
    Begin with:
      tada init       make keys and database, once
      tada serve      serve the web chat
      tada doctor     see whether everything is as it should be
    """
    context.obj = Instance()


def main() -> None:
    """Run a command of the command line."""
    os.umask(0o077)  # whatever is written is its owner's alone
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # signs that the terminal does not have, or that are none
            stream.reconfigure(errors="replace")
    cli(prog_name="tada")


if __name__ == "__main__":
    main()
