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
@pass_instance
def chat(instance: Instance, lang: str | None) -> None:
    """Hold the whole conversation here, as a person would, and leave a real case in the queue.

    Nothing you type is shown to anybody but the colleagues who open the case; Ctrl-C leaves.

    \b
    Examples:
      tada chat
      tada chat --lang zh
    """
    from bot.terminal import run

    instance.keys.check()
    run(instance.reception, instance.words, LANGUAGES[lang] if lang else None)
