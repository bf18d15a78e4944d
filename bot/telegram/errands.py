"""Runs what is to be done at Telegram later, with python-telegram-bot. For the worker alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errands import GiveUp, Letter, Runner, TryAgain
from bot.telegram import later
from settings import Telegram

if TYPE_CHECKING:
    from telegram import Bot
    from telegram.error import TelegramError

AT_ONCE = 100
"""Messages that one call may delete: https://core.telegram.org/bots/api#deletemessages"""

_DONE_ALREADY = ("message to delete not found", "query is too old")
"""What Telegram says where nothing is left to be done. It has no codes for this."""

Work = Callable[["Bot", Letter], Awaitable[object]]


def runners(settings: Telegram) -> dict[str, Runner]:
    """Return what runs each kind of errand, the most pressing first.

    Each may be called in any thread that runs no event loop.
    """

    def runner(work: Work) -> Runner:
        def run(subject: str, letter: Letter) -> None:
            asyncio.run(_run(settings, work, letter))

        return run

    return {
        later.ANSWER_PRESS: runner(_answer_press),
        later.SEND: runner(_send),
        later.DELETE_MESSAGE: runner(_delete_message),
        later.DELETE_MESSAGES: runner(_delete_messages),
    }


async def _run(settings: Telegram, work: Work, letter: Letter) -> None:
    from telegram.error import TelegramError

    from bot.telegram.client import open_bot

    # A bot belongs to the event loop it was first used in, and each errand has a loop of its own.
    async with open_bot(settings) as bot:
        try:
            await work(bot, letter)
        except TelegramError as error:
            outcome = _outcome(error)
            if outcome is not None:
                raise outcome from None  # Telegram's own message may hold the address, and so the token


def _outcome(error: TelegramError) -> TryAgain | GiveUp | None:
    """Return what an error means for the errand; None where there is nothing left to do."""
    from telegram.error import (
        BadRequest,
        ChatMigrated,
        Conflict,
        Forbidden,
        InvalidToken,
        RetryAfter,
        TimedOut,
    )

    match error:
        case RetryAfter(retry_after=timedelta() as wait):
            return TryAgain("429", wait)
        case Forbidden():  # blocked by the person, or their account is gone
            return GiveUp("403")
        case BadRequest():
            return None if any(said in error.message.lower() for said in _DONE_ALREADY) else GiveUp("400")
        case ChatMigrated():
            return GiveUp("migrated")
        case InvalidToken():  # while it is being changed, perhaps
            return TryAgain("401")
        case Conflict():
            return TryAgain("409")
        case TimedOut():
            return TryAgain("timeout")
    return TryAgain("network")


async def _delete_message(bot: Bot, letter: Letter) -> None:
    await bot.delete_message(letter["chat"], letter["message"])


async def _delete_messages(bot: Bot, letter: Letter) -> None:
    """Delete the latest messages of a chat, ours too, whose ids nobody told us.

    Telegram passes over ids that it does not find in that chat. How it meets some that are too old is not
    documented: what it refuses as a whole stays, and the person was told how to clear it.
    """
    from telegram.error import BadRequest

    last = letter["message"]
    try:
        await bot.delete_messages(letter["chat"], range(max(1, last - AT_ONCE + 1), last + 1))
    except BadRequest:
        return


async def _answer_press(bot: Bot, letter: Letter) -> None:
    await bot.answer_callback_query(letter["press"])


async def _send(bot: Bot, letter: Letter) -> None:
    from telegram import LinkPreviewOptions

    await bot.send_message(
        letter["chat"],
        letter["text"],
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_markup=letter.get("markup"),
    )
