"""An answer as the one method that Telegram runs when it stands in our response.

Nobody is told whether that worked, so nothing in it can fail: plain text, no markup, well under the limits. The
choices stand in the text, numbered, so that it is understood where the keyboard is hidden or read aloud; the
keyboard below saves the typing. A press is sent as an ordinary message, in order with all others.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from bot.numbered import numbered, parts
from bot.receive import Answer
from locales import Words

Method = dict[str, Any]
"""`method`, and its parameters beside it."""

LONGEST_TEXT = 4000
"""UTF-16 units. Telegram takes 4,096 characters: https://core.telegram.org/bots/api#sendmessage"""
WIDEST_LABEL = 32
"""Columns of a button that a narrow phone shows whole; a Chinese character has two."""
_HALF_ROW = 14
_NUMBERS_IN_A_ROW = 5


def send_message(chat: int, text: str, markup: Method | None = None) -> Method:
    """Return the method that sends a text, at most `LONGEST_TEXT` UTF-16 units."""
    sent = {"chat_id": chat, "text": text, "link_preview_options": {"is_disabled": True}}
    return {"method": "sendMessage", **sent, **({} if markup is None else {"reply_markup": markup})}


def in_parts(words: Words, answer: Answer, removing: bool = False) -> list[str]:
    """Return an answer as texts that can be sent; none where there is nothing to say.

    Args:
        removing: whether what the person sent is being removed from the chat, which they are told.
    """
    texts = [numbered(words, answer, message) for message in answer.messages]
    if not texts:
        return []
    if removing:
        # After the refusal, and before the question, which stands last.
        texts.insert(len(texts) - 1, words.say(answer.language, "telegram_bot.removing"))
    if answer.step == "erased":
        # Before how to clear the rest, which stands last.
        texts.insert(len(texts) - 1, words.say(answer.language, "telegram_bot.clearing"))
    return list(parts("\n\n".join(texts), LONGEST_TEXT))


def markup(answer: Answer) -> Method:
    """Return the keyboard of the question that stands, or what takes the last one away.

    Where several may be chosen there is none: the press of a first one would leave out the others.
    """
    asked = answer.messages[-1]
    if not asked.choices or asked.several:
        return {"remove_keyboard": True}
    labels = [label for _, label in asked.choices]
    if any(width(label) > WIDEST_LABEL or (answer.language is None and "/" in label) for label in labels):
        # A label in both languages, or one that is cut off, is no answer that could be sent.
        rows = _rows([str(number) for number in range(1, len(labels) + 1)], _NUMBERS_IN_A_ROW)
    else:
        two = len(labels) > 3 and all(width(label) <= _HALF_ROW for label in labels)
        rows = _rows(labels, 2 if two else 1)
    return {"keyboard": rows, "resize_keyboard": True, "one_time_keyboard": True}


def width(text: str) -> int:
    """Count the columns that a text takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _rows(labels: list[str], most: int) -> list[list[Method]]:
    return [[{"text": label} for label in labels[n : n + most]] for n in range(0, len(labels), most)]
