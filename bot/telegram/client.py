"""The bot as python-telegram-bot has it, for the worker and the command line. No web process loads this."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from telegram import Bot
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from bot import outbound
from settings import Telegram

# The library's own way to have spans of time as such, and no warning that they will be one day.
os.environ["PTB_TIMEDELTA"] = "true"

API_BASE = "https://api.telegram.org"


@asynccontextmanager
async def open_bot(settings: Telegram) -> AsyncIterator[Bot]:
    """Open a bot for the event loop that runs; it is not to be used in another one.

    It is not initialised, which would ask Telegram for its name first.
    """
    base = settings.api_base or API_BASE
    hosts = outbound.allowed(settings.api_base)

    async def look(request: httpx.Request) -> None:
        outbound.check(str(request.url), hosts)

    seconds = outbound.LIMIT_SECONDS
    request = HTTPXRequest(
        connection_pool_size=2,
        connect_timeout=seconds,
        read_timeout=seconds,
        write_timeout=seconds,
        pool_timeout=seconds,
        httpx_kwargs={
            "verify": outbound.trusted(),
            "trust_env": False,
            "follow_redirects": False,
            "event_hooks": {"request": [look]},
        },
    )
    try:
        yield Bot(settings.token, base_url=f"{base}/bot", request=request, get_updates_request=request)
    finally:
        await request.shutdown()


async def call(bot: Bot, method: str, seconds: float = outbound.LIMIT_SECONDS, **parameters: Any) -> Any:
    """Call a method by its name in the Bot API, and return what came back as it is.

    For what the library would take apart: an update newer than it knows would not come through.

    Args:
        seconds: how long to wait for the answer.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", PTBUserWarning
        )  # it would rather be asked by the name of its own method
        return await bot.do_api_request(method, api_kwargs=parameters, read_timeout=seconds)
