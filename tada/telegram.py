"""`tada channel telegram`: register the bot's webhook and texts, see how it fares, try it without a public address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from bot.telegram import PATH
from bot.telegram.updates import ALLOWED, COMMANDS
from flows.vocabulary import CHINESE, ENGLISH, Language
from settings import LOOPBACK
from tada.instance import Instance, pass_instance
from tada.telegram_bot import settings_of, with_bot

if TYPE_CHECKING:
    from telegram import Bot, WebhookInfo


PORTS = frozenset({443, 80, 88, 8443})
"""Source: https://core.telegram.org/bots/api#setwebhook"""
CONNECTIONS = 40
"""Deliveries at the same time, Telegram's own default; those of one chat come one after another all the same."""

STILL_MATTERS = timedelta(hours=1)
"""A failure longer ago is over, if nothing waits because of it."""

_SPEAKING: tuple[tuple[str | None, Language], ...] = ((None, ENGLISH), ("en", ENGLISH), ("zh", CHINESE))
"""Telegram's languages have two letters, so traditional and simplified Chinese cannot differ. None is for all others."""

_BOTFATHER = """\
Switch these off with @BotFather (/mybots, the bot, Bot Settings); no program can:
  Allow Groups?      off   groups are left at once, but nobody need find out
  Inline Mode        off
  Business Mode      off
  Guest Mode         off, where it is offered"""

_ADVICE = (
    ("403", "The secret is not the one that was registered. Run: tada channel telegram setup"),
    ("503", "The database or the keys could not be had. Run: tada doctor"),
    ("404", "The address leads to something else than tada. See what the proxy does with it."),
    ("ssl", "The certificate is not valid for this address, or its chain is not whole."),
    ("certificate", "The certificate is not valid for this address, or its chain is not whole."),
    ("refused", "Nothing listens there. See whether tada and the proxy run."),
    (
        "timed out",
        "The address does not answer. See whether tada, the proxy and the firewall let Telegram in.",
    ),
    ("resolve", "The name of the host is not known. See its DNS record."),
)
"""What Telegram says of a failed delivery, and what to do."""


@click.group()
def telegram() -> None:
    """Set up the Telegram bot, see how it fares, or try it."""


@telegram.command()
@pass_instance
def setup(instance: Instance) -> None:
    """Register the webhook, the menu of commands and the texts of the bot's profile.

    Doing it again does no harm: do so after a new address, a new secret or new texts.

    \b
    Examples:
      tada channel telegram setup
    """
    settings, address = settings_of(instance), _address(instance)

    async def register(bot: Bot) -> None:
        me = await bot.get_me()
        click.echo(f"The bot is @{me.username}.")
        await bot.set_webhook(
            address,
            secret_token=settings.secret,
            allowed_updates=ALLOWED,
            max_connections=CONNECTIONS,
            drop_pending_updates=False,  # what people wrote meanwhile
        )
        click.echo(f"Messages are sent to {address}.")
        for code, language in _SPEAKING:
            await _set_texts(bot, instance, code, language)
        click.echo(_BOTFATHER)
        if me.can_join_groups or me.supports_inline_queries:
            click.echo("At the moment groups or inline mode are still on.")

    with_bot(settings, register)
    click.echo("Done. See how it fares with: tada channel telegram status")


@telegram.command()
@pass_instance
def status(instance: Instance) -> None:
    """Tell whether messages reach us, and what to do if not. Exits with 1 where something is to be done.

    \b
    Examples:
      tada channel telegram status
    """
    settings = settings_of(instance)

    async def ask(bot: Bot) -> WebhookInfo:
        click.echo(f"The bot is @{(await bot.get_me()).username}.")
        return await bot.get_webhook_info()

    info = with_bot(settings, ask)
    problems = list(_problems(info, instance.settings.public_url))
    if info.pending_update_count:
        click.echo(f"{info.pending_update_count} updates wait at Telegram, which keeps each for a day.")
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.exceptions.Exit(1)
    click.echo(f"Messages are sent to {info.url}, and arrive.")


@telegram.command()
@pass_instance
def poll(instance: Instance) -> None:
    """Try the bot from this computer, without a public address: fetch what people write, and answer it.

    It is the whole conversation and leaves real cases in the queue. Ctrl-C ends it; nothing is lost.

    \b
    Examples:
      tada channel telegram poll
    """
    from tada.telegram_poll import Polling

    settings = settings_of(instance)
    instance.require_init()
    instance.keys.check()

    async def begin(bot: Bot) -> None:
        me, info = await bot.get_me(), await bot.get_webhook_info()
        if info.url:
            click.echo(f"@{me.username} sends what people write to {urlsplit(info.url).hostname}.")
            click.confirm(
                "While that is so nothing can be fetched. Take the webhook away? `setup` brings it back.",
                abort=True,
            )
            await bot.delete_webhook(drop_pending_updates=False)
        click.echo(f"Write to @{me.username} on Telegram. Ctrl-C ends this.")
        click.echo(
            "What is done later, such as taking a picture out of the chat, needs a worker: tada serve."
        )
        await Polling(bot, settings, instance.environ).run()

    with contextlib.suppress(KeyboardInterrupt):
        with_bot(settings, begin)
    click.echo("\nStopped. What is written now waits at Telegram for a day.")


# ------------------------------------------------------------------ what they share


def _address(instance: Instance) -> str:
    public_url = instance.settings.public_url
    parts = urlsplit(public_url or "")
    if parts.scheme != "https" or parts.hostname in LOOPBACK or (parts.port or 443) not in PORTS:
        raise click.ClickException(
            "Telegram delivers to a public https:// address at port 443, 80, 88 or 8443. Set TADA_PUBLIC_URL to it; "
            "without one, try the bot with: tada channel telegram poll"
        )
    return f"{public_url}{PATH}"


async def _set_texts(bot: Bot, instance: Instance, code: str | None, language: Language) -> None:
    """Set what is not set yet: Telegram lets a name be changed a few times a day only."""
    from telegram import BotCommand
    from telegram.error import RetryAfter

    words, who = instance.words, code or "all other languages"
    texts = {
        "description": words.say(language, "telegram_bot.description"),
        "short_description": words.say(language, "telegram_bot.about"),
        "name": words.say(language, "telegram_bot.name"),  # last, for this is what has to wait most often
    }
    try:
        commands = [
            BotCommand(name, words.say(language, f"telegram_bot.command.{name}")) for name in COMMANDS
        ]
        await bot.set_my_commands(commands, language_code=code)
        for what, text in texts.items():
            present = await getattr(bot, f"get_my_{what}")(language_code=code)
            if getattr(present, what) != text:
                await getattr(bot, f"set_my_{what}")(text, language_code=code)
    except RetryAfter:
        click.echo(f"Texts for {who}: Telegram asks us to wait. Run this again in some hours.")
    else:
        click.echo(f"Texts for {who} are set.")


def _problems(info: WebhookInfo, public_url: str | None) -> Iterator[str]:
    if not info.url:
        yield "No webhook is registered: nothing reaches us. Run: tada channel telegram setup"
        return
    if info.url != f"{public_url}{PATH}":
        yield (
            f"Messages are sent to {urlsplit(info.url).hostname}, which is not TADA_PUBLIC_URL. Run: tada channel "
            "telegram setup"
        )
    if missing := set(ALLOWED) - set(info.allowed_updates or ALLOWED):
        yield f"Telegram does not send {', '.join(sorted(missing))}. Run: tada channel telegram setup"
    if (failed := info.last_error_date) is None:
        return
    if info.pending_update_count or datetime.now(UTC) - failed < STILL_MATTERS:
        said = info.last_error_message or "no reason given"
        when = failed.astimezone(UTC)
        yield f"The last failure was at {when:%Y-%m-%d %H:%M} UTC. Telegram says: {said}"
        yield from [advice for word, advice in _ADVICE if word in said.lower()][:1]
