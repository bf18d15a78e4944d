"""Fetching what people write to a bot, and answering it as the webhook would: the same route, the same checks."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from bot.telegram import PATH, SECRET_HEADER
from bot.telegram.client import call
from bot.telegram.updates import ALLOWED
from logs import Lines
from settings import Telegram
from tada.telegram_bot import told
from webhook import create_app

if TYPE_CHECKING:
    from telegram import Bot

WAIT_SECONDS = 25
"""How long Telegram holds a call back for something to come."""
LONGEST_BREAK = 60
"""Seconds between two tries, after one, two, four, eight …"""


class NotTaken(Exception):
    """The update could not be taken now; it stays at Telegram, and with it all that came after."""


class Polling:
    """Fetches updates one after another. Each is confirmed only after what it led to is durable and answered.

    Args:
        bot: of the event loop that runs.
        environ: what the settings are read from.
    """

    def __init__(self, bot: Bot, settings: Telegram, environ: Mapping[str, str]) -> None:
        self._bot = bot
        self._headers = {SECRET_HEADER: settings.secret}
        self._webhook = create_app(environ).test_client()
        self._next: int | None = None
        self._break = 1

    async def run(self) -> None:
        """Fetch and answer until it is cancelled."""
        from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter

        with _errors_told():
            while True:
                try:
                    for update in await self._fetch(WAIT_SECONDS):
                        await self._answer(update)
                    self._break = 1
                except asyncio.CancelledError:
                    with suppress(Exception):  # unconfirmed, it comes again and gets the same reply
                        await self._fetch(0)
                    raise
                except (InvalidToken, Conflict):
                    raise
                except (NetworkError, RetryAfter, NotTaken) as error:
                    why = "The store is away." if isinstance(error, NotTaken) else told(error)
                    click.echo(f"{why} Trying again in {self._break} s.")
                    await _rest(self._break)
                    self._break = min(2 * self._break, LONGEST_BREAK)

    async def _fetch(self, seconds: int) -> list[Any]:
        """Confirm all updates before the next one, and return what has come since."""
        offset = {} if self._next is None else {"offset": self._next}
        limit = {} if seconds else {"limit": 1}
        wait = {"timeout": seconds, "allowed_updates": list(ALLOWED)}
        fetched = await call(self._bot, "getUpdates", seconds + 10.0, **offset, **limit, **wait)
        return fetched if isinstance(fetched, list) else []

    async def _answer(self, update: Mapping[str, Any]) -> None:
        answer = self._webhook.post(PATH, data=json.dumps(update), headers=self._headers)
        if answer.status_code != 200:
            raise NotTaken
        if answer.data:
            await self._do(json.loads(answer.data))
        self._next = update["update_id"] + 1
        click.echo("Answered one." if answer.data else "Took one that needs no answer.")

    async def _do(self, method: dict[str, Any]) -> None:
        """Run the method that was answered with. As with a webhook, one that Telegram refuses is no failure of ours."""
        from telegram.error import BadRequest, Forbidden

        try:
            await call(self._bot, method.pop("method"), **method)
        except (BadRequest, Forbidden) as error:
            click.echo(told(error))


_rest = asyncio.sleep


@contextmanager
def _errors_told() -> Iterator[None]:
    """Show errors as lines of the log, which hold nothing that anybody wrote; a bare traceback might."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    handler.setLevel(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
