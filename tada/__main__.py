"""The commands of `tada`, and how each of their failures becomes one line."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from logs import place_of
from tada.cases import case
from tada.chat import chat
from tada.doctor import doctor
from tada.flow import flow
from tada.instance import Instance
from tada.keeping import init, keys, purge, worker
from tada.problems import explain
from tada.serve import serve
from tada.staff import staff


class OneLine(click.Group):
    """Tells every failure in one line, and never shows a traceback: its values could be a person's."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None
        except Exception as error:
            raise click.ClickException(explain(error) or _unforeseen(error)) from None


def _unforeseen(error: Exception) -> str:
    places = " < ".join(reversed(place_of(error.__traceback__)))
    return f"Something went wrong that nobody foresaw: {type(error).__name__} at {places}. Please report this line."


@click.group(
    cls=OneLine,
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
    context.obj = context.obj or Instance()


for command in (init, serve, worker, chat, staff, case, keys, purge, flow, doctor):
    cli.add_command(command)


def main() -> None:
    """Run a command of the command line."""
    os.umask(0o077)  # whatever is written is its owner's alone
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # signs that the terminal does not have, or that are none
            stream.reconfigure(errors="replace")
    cli(prog_name="tada")


if __name__ == "__main__":
    main()
