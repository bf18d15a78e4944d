"""`tada chat`: the conversation in a terminal."""

from __future__ import annotations

import click

from flows.vocabulary import CHINESE, ENGLISH
from tada.instance import Instance, pass_instance

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}


@click.command()
@click.option(
    "--lang", type=click.Choice(list(LANGUAGES)), help="Language of what is said before one is chosen."
)
@click.option(
    "--as", "name", default="me", show_default=True, help="Who is here; the same name goes on later."
)
@pass_instance
def chat(instance: Instance, lang: str | None, name: str) -> None:
    """Hold the conversation in this terminal.

    It is the whole conversation, as a person would have it, and leaves a real case in the queue.

    Nothing you type is shown to anybody but the colleagues who open the case; Ctrl-C leaves.

    \b
    Examples:
      tada chat
      tada chat --lang zh --as somebody
    """
    from bot.terminal import run

    instance.keys.check()
    run(instance.reception, instance.words, LANGUAGES[lang] if lang else None, name)
