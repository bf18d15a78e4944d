"""Telegram: a webhook that is answered in its own response.

Telegram holds back everything else of a chat until an update is taken, and sends the same again for up to a day.
So every update that is proved to be Telegram's gets 200, also one that nobody can make sense of. The one exception
is a store that is away: then nothing was kept, and 503 brings it again, in order.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint

from bot.asked import Asked, Direct, Returned
from bot.door import NOTHING, Door
from bot.problems import Problem, note
from bot.receive import Answer, DeliveryReused
from bot.telegram import later
from bot.telegram.reply import Method, in_parts, markup, send_message
from bot.telegram.updates import CHANNEL, Blocked, Group, Said, StrayPress, read
from locales import Words
from settings import Telegram
from storage.errands import Errand
from storage.errors import KeysUnusable, Overtaken, StoreAway

PATH = "/webhooks/telegram"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

_AWAY = (StoreAway, KeysUnusable, Overtaken)
"""Nothing was kept, and the same update can be taken a little later."""


def telegram(settings: Telegram, door: Door, words: Words) -> Blueprint:
    """Make the webhook of a bot.

    Args:
        settings: its token, and the secrets that prove a delivery to be Telegram's.
        door: where messages come in.
        words: the catalogues.
    """
    chats = _Chats(door, words)
    secrets = [secret.encode() for secret in (settings.secret, settings.old_secret) if secret]
    blueprint = Blueprint(CHANNEL, __name__)

    @blueprint.post(PATH)
    @Direct
    def webhook(asked: Asked) -> Returned:
        offered = asked.headers.get(SECRET_HEADER, "").encode(errors="replace")
        if not any(hmac.compare_digest(offered, secret) for secret in secrets):
            raise Problem("origin")
        try:
            method = chats.take(json.loads(asked.get_data()))
        except _AWAY:
            raise
        except Exception as failure:
            note(failure)
            method = None
        return ("", 200) if method is None else method

    return blueprint


class _Chats:
    """Takes updates, and returns the method each is answered with."""

    def __init__(self, door: Door, words: Words) -> None:
        self._door = door
        self._words = words

    def take(self, update: object) -> Method | None:
        match read(update):
            case Said() as said if self._door.is_colleagues(said.heard):
                return send_message(said.chat, self._words.say(None, "telegram_bot.team"))
            case Said() as said:
                return self._reply(said)
            case Blocked(heard):
                self._door.hear(heard)
            case Group(chat):
                return {"method": "leaveChat", "chat_id": chat}
            case StrayPress(press):
                return {"method": "answerCallbackQuery", "callback_query_id": press}
        return None

    def _reply(self, said: Said) -> Method | None:
        behind: list[Answer] = []
        try:
            answer = self._hear(said, behind)
        except _AWAY:
            raise
        except Exception as failure:
            # The same update would fail again; whoever wrote it must not be left in silence.
            return send_message(said.chat, self._words.say(None, note(failure).text))
        texts = in_parts(self._words, answer, said.refused)
        if not texts or any(each.messages == answer.messages for each in behind):
            return None
        return send_message(said.chat, texts[0], markup(answer))

    def _hear(self, said: Said, behind: list[Answer]) -> Answer:
        """Take what was said. Where the end of a long text is still on its way, the answer is put `behind` it."""

        def causes(answer: Answer) -> Sequence[Errand]:
            behind[:] = [answer] if answer.waits else []
            return self._errands(said, answer)

        if said.album is None:
            return self._door.hear(said.heard, causes)
        # An album is refused once. All its pictures are deliveries of one id; those that came without words are
        # told apart by the update they came in, so that only the first one, sent again, gets its reply again.
        caption = said.heard.text
        told_apart = None if caption else (said.heard.id,)
        album = replace(said.heard, id=f"album {said.album}", choices=told_apart)
        try:
            return self._door.hear(album, causes, raises=DeliveryReused)
        except DeliveryReused:
            if caption:
                return self._door.hear(replace(said.heard, kind="text"), causes)
        self._door.run_later(self._errands(said, NOTHING))
        return NOTHING

    def _errands(self, said: Said, answer: Answer) -> list[Errand]:
        texts = in_parts(self._words, answer, said.refused)
        follows = answer.waits and bool(texts)
        errands = (
            later.send(said.chat, texts, markup(answer)) if follows else later.send(said.chat, texts[1:])
        )
        if said.press is not None:
            errands.append(later.answer_press(said.press))
        if said.message is not None and answer.step == "erased":
            errands.append(later.delete_up_to(said.chat, said.message))
        elif said.message is not None and said.refused:
            errands.append(later.delete_message(said.chat, said.message))
        return errands
