"""What is to be done at Telegram later: the errands, as a message causes them. `errands.py` runs them.

A chat's id names a person, and so does much that Telegram numbers. So all of it stands in sealed letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from storage.errands import Errand

DELETE_MESSAGE = "telegram.delete_message"
DELETE_MESSAGES = "telegram.delete_messages"
ANSWER_PRESS = "telegram.answer_callback"
SEND = "telegram.send"

DELETABLE = timedelta(hours=48)
"""A bot may delete a message for so long: https://core.telegram.org/bots/api#deletemessage"""
A_DAY = timedelta(days=1)
"""The end of a text that comes later than this is of no use to anybody. A press can only be answered for 150 seconds;
Telegram says so of an older one, and then there is nothing left to do, and nothing to tell an operator."""


def delete_message(chat: int, message: int) -> Errand:
    """Remove a message from the chat."""
    return Errand(DELETE_MESSAGE, letter={"chat": chat, "message": message}, kept=DELETABLE)


def delete_up_to(chat: int, message: int) -> Errand:
    """Remove the latest messages of a chat, both sides', up to the given one."""
    return Errand(DELETE_MESSAGES, letter={"chat": chat, "message": message}, kept=DELETABLE)


def answer_press(press: str) -> Errand:
    """Let a pressed button stop waiting."""
    return Errand(ANSWER_PRESS, letter={"press": press}, kept=A_DAY)


def send(chat: int, texts: Sequence[str], markup: Mapping[str, Any] | None = None) -> list[Errand]:
    """Send texts one after another, a second between them: a chat takes no more.

    Args:
        texts: each at most `reply.LONGEST_TEXT` UTF-16 units.
        markup: the keyboard below the last of them.
    Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    """
    return [
        Errand(
            SEND,
            letter={"chat": chat, "text": text, "markup": markup if second == len(texts) else None},
            to=str(chat),
            after=timedelta(seconds=second),
            kept=A_DAY,
        )
        for second, text in enumerate(texts, start=1)
    ]
