"""What others would build on: aiogram with its states in Redis, which waits for the disk at every write, behind aiohttp.

It holds the same form: a state and a handler for each question, each answer kept, the same texts and keyboards in the
webhook's own response. It checks no sender and encrypts nothing, understands no words, and knows no message that comes twice.

Run by a Python of its own, which has aiogram and redis and nothing of ours: `python benchmarks/peer.py PORT REDIS_URL REPLIES`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher, F
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.methods import SendMessage
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

PATH = "/webhooks/telegram"

Handler = Callable[[Message, FSMContext], Awaitable[SendMessage]]


def asking(dispatcher: Dispatcher, replies: list[dict[str, Any]]) -> None:
    """Register a handler for each question: it keeps the answer and asks what comes next."""

    def say(message: Message, place: int) -> SendMessage:
        rows = replies[place].get("reply_markup", {}).get("keyboard")
        keyboard = rows and ReplyKeyboardMarkup(
            keyboard=[[KeyboardButton(text=button["text"]) for button in row] for row in rows]
        )
        return message.answer(replies[place]["text"], reply_markup=keyboard)

    async def begin(message: Message, state: FSMContext) -> SendMessage:
        await state.set_data({"channel": "telegram"})
        await state.set_state("question_0")
        return say(message, 0)

    def taking(place: int) -> Handler:
        async def take(message: Message, state: FSMContext) -> SendMessage:
            await state.update_data({f"answer_{place}": message.text})
            await state.set_state(f"question_{place + 1}" if place + 2 < len(replies) else None)
            return say(message, place + 1)

        return take

    dispatcher.message.register(begin, StateFilter(None))
    for place in range(len(replies) - 1):
        dispatcher.message.register(taking(place), StateFilter(f"question_{place}"), F.text)


async def healthz(_: web.Request) -> web.Response:
    """Say that the server is there."""
    return web.Response()


def main(port: int, redis_url: str, replies: Path) -> None:
    """Serve until TERM.

    Args:
        replies: a file of what is said, from the greeting on: a list of Telegram's `sendMessage`.
    """
    dispatcher = Dispatcher(storage=RedisStorage.from_url(redis_url))
    asking(dispatcher, json.loads(replies.read_text("utf-8")))
    app = web.Application()
    app.router.add_get("/healthz", healthz)
    handler = SimpleRequestHandler(dispatcher, Bot("100:" + "a" * 35), handle_in_background=False)
    handler.register(app, path=PATH)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
