"""`tada channel whatsapp`: what has to be set at Twilio, whether it is reached, and the templates of buttons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from settings import Twilio
from tada.instance import Instance, pass_instance
from tada.output import print_json

if TYPE_CHECKING:
    from bot.whatsapp.buttons import Template

OVERRIDES = "#ct=2000&rt=10000&rc=2&rp=ct"
"""Twilio's connection overrides: two seconds to connect, ten to answer, two more tries where nobody could be reached."""

_PAGE = 1_000


@click.group()
def whatsapp() -> None:
    """Look after WhatsApp through Twilio."""


@whatsapp.command()
@pass_instance
def setup(instance: Instance) -> None:
    """Make the templates that buttons and lists need, in both languages.

    What is there already stays, so it can be called again: after every update, since another wording is another
    template. Start `tada serve` again afterwards.

    \b
    Examples:
      tada channel whatsapp setup
    """
    from bot.whatsapp.buttons import every_template

    settings = _settings(instance)
    instance.require_init()
    made = _made(settings, every_template(instance.words))
    _keep(instance.settings.home, made)
    click.echo(f"{len(made)} templates are there, in both languages.")
    if not settings.buttons:
        click.echo("Buttons are off: set TADA_TWILIO_BUTTONS=on to send them.")


@whatsapp.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """Say what is configured here, what has to be set at Twilio, and whether Twilio lets us in.

    Ends with 1 if something is missing.

    \b
    Examples:
      tada channel whatsapp status
      tada channel whatsapp status --json
    """
    from bot.whatsapp import ROUTE, STATUS_ROUTE
    from bot.whatsapp.buttons import every_template, read_templates

    settings = _settings(instance)
    public_url = instance.settings.public_url
    problems = [] if instance.settings.is_public else ["TADA_PUBLIC_URL is not set: Twilio cannot reach us."]
    refused = _refused(settings)
    if refused is not None:
        problems.append(refused)
    missing = {template.name for template in every_template(instance.words)} - set(
        read_templates(instance.settings.home)
    )
    if settings.buttons and missing:
        problems.append(f"{len(missing)} templates of buttons are missing: tada channel whatsapp setup")
    found: dict[str, Any] = {
        "number": settings.number,
        "webhook_url": public_url and public_url + ROUTE + OVERRIDES,
        "fallback_url": public_url and public_url + ROUTE,
        "status_callback_url": public_url and public_url + STATUS_ROUTE,
        "buttons": "on" if settings.buttons else "off",
        "old_auth_token": "still taken" if settings.old_auth_token else "none",
        "twilio": "not reached" if refused else "reached",
    }
    if as_json:
        print_json(found | {"problems": problems})
    else:
        for name, value in found.items():
            click.echo(f"{name.replace('_', ' '):<22}{value or '-'}")
        for problem in problems:
            click.echo(f"PROBLEM: {problem}")
    if problems:
        raise click.exceptions.Exit(1)


def _settings(instance: Instance) -> Twilio:
    settings = instance.settings.twilio
    if settings is None:
        raise click.ClickException(
            "WhatsApp through Twilio is off. Set TADA_TWILIO_ACCOUNT_SID, TADA_TWILIO_AUTH_TOKEN and TADA_TWILIO_NUMBER; "
            "docs/channels.md tells where to find them."
        )
    return settings


def _made(settings: Twilio, wanted: list[Template]) -> dict[str, str]:
    """Return Twilio's id of each template by its name, making those that are not there."""
    from twilio.rest.content.v1.content import ContentList

    from bot.whatsapp.client import UNREADABLE, Refusal, connect

    try:
        contents = connect(settings).content.v1.contents
        there = {str(each.friendly_name): str(each.sid) for each in contents.list(page_size=_PAGE)}
        for template in wanted:
            if template.name not in there:
                asked = ContentList.ContentCreateRequest(
                    {
                        "friendly_name": template.name,
                        "language": template.language,
                        "variables": {"1": "…"},
                        "types": template.types,
                    }
                )
                there[template.name] = str(contents.create(asked).sid)
    except Refusal as refusal:
        raise click.ClickException(f"{_told(refusal.code)} Nothing was changed here.") from None
    except UNREADABLE:
        raise click.ClickException(f"{_UNREADABLE} Nothing was changed here.") from None
    return {template.name: there[template.name] for template in wanted}


def _refused(settings: Twilio) -> str | None:
    """Return why Twilio does not let us in, or None where it does."""
    from bot.whatsapp.client import UNREADABLE, Refusal, connect

    try:
        connect(settings).messages.list(to=f"whatsapp:{settings.number}", limit=1, page_size=1)
    except Refusal as refusal:
        return _told(refusal.code)
    except UNREADABLE:
        return _UNREADABLE
    return None


_UNREADABLE = "Twilio's answer cannot be read. Try again in a while; is TADA_TWILIO_API_BASE set?"


def _told(code: str) -> str:
    if code in ("20003", "http_401"):
        return (
            "Twilio does not let us in: the account SID and the auth token do not belong together. "
            "Copy both anew from the first page of its console."
        )
    if code == "unreachable" or code.startswith("http_5"):
        return "Twilio cannot be reached from here, or has trouble of its own. Try again in a while."
    return f"Twilio refused with error {code}: https://www.twilio.com/docs/api/errors says what it is."


def _keep(home: Path, templates: dict[str, str]) -> None:
    from bot.whatsapp.buttons import FILE_NAME

    file = home / FILE_NAME
    new = file.with_suffix(".new")
    new.write_text(json.dumps(templates, indent=1) + "\n", encoding="utf-8")
    new.replace(file)
