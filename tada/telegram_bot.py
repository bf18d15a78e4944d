"""A bot as the commands use it: its settings, a connection, and what an operator is told of an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from settings import Telegram
from tada.instance import Instance

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.error import TelegramError

T = TypeVar("T")


def told(error: TelegramError) -> str:
    """Return what to tell an operator of an error. Never the address that was called: the token is in it."""
    from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, RetryAfter

    match error:
        case InvalidToken():
            return (
                "Telegram does not know this token. Ask @BotFather for it again, and set TADA_TELEGRAM_TOKEN."
            )
        case RetryAfter():
            return "Telegram asks us to wait. Try again in some minutes."
        case Conflict():
            return (
                "Somebody else fetches this bot's messages: another `poll`, or a webhook was set meanwhile."
            )
        case BadRequest() | Forbidden():
            return f"Telegram refused this: {error.message}"
    return "Telegram cannot be reached from here, or has trouble of its own. Try again in a while."


def with_bot(settings: Telegram, work: Callable[[Bot], Awaitable[T]]) -> T:
    """Do something with the bot. Raises: `ClickException`, where Telegram does not."""
    from telegram.error import TelegramError

    from bot.telegram.client import open_bot

    async def run() -> T:
        async with open_bot(settings) as bot:
            return await work(bot)

    try:
        return asyncio.run(run())
    except TelegramError as error:
        raise click.ClickException(told(error)) from None


def settings_of(instance: Instance) -> Telegram:
    """Return the settings of the bot. Raises: `ClickException`, where Telegram is off."""
    if instance.settings.telegram is None:
        raise click.ClickException(
            "Telegram is off. Set TADA_TELEGRAM_TOKEN and TADA_TELEGRAM_SECRET; docs/channels.md tells how to get them."
        )
    return instance.settings.telegram
