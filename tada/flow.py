"""`tada flow`: the conversation, drawn from the table it runs on."""

from __future__ import annotations

import click

from flows.chart import draw


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg"]),
    default="mermaid",
    show_default=True,
    help="mermaid is text; svg is a picture.",
)
def flow(form: str) -> None:
    """Draw the conversation from the table of its steps.

    \b
    Examples:
      tada flow
      tada flow --format svg > flow.svg
    """
    click.echo(draw(form).rstrip("\n"))
