"""WhatsApp through Twilio: signed forms come in, and the answer goes back in the same response, as TwiML.

Nothing is called on the path of a message. What Twilio keeps of it is deleted by the background work, from ids that
stand in the message's own transaction. Twilio does not deliver again what it was told it could not: whatever goes
wrong here is said in words, also that a message was not received.

Source: Twilio, "Twilio's request to your incoming message webhook", "TwiML for Programmable Messaging".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flask import Blueprint

from bot.asked import Asked, Direct, Returned
from bot.door import Door
from bot.problems import Problem, note
from bot.receive import Answer
from bot.whatsapp import buttons
from bot.whatsapp.errands import UNREACHABLE
from bot.whatsapp.reading import CHANNEL, Came, Status, address_of, read_message, read_status
from bot.whatsapp.signature import SIGNATURE, NotGenuine, check
from bot.whatsapp.writing import APART, messages_later, plain, texts, twiml
from locales import Words
from settings import Twilio
from storage.errands import Errand

log = logging.getLogger(__name__)

ROUTE = "/webhooks/whatsapp"
STATUS_ROUTE = ROUTE + "/status"
_OF_BUTTONS = "?shown=buttons"
"""Marks the news of a message with buttons: should it fail, the question is put once more without."""

_MOST_AT_ONCE = 2
"""Messages in one response. Twilio takes ten and keeps no order among them."""

Count = Callable[[str], None]
"""Counts something worth knowing, by a name from a fixed list."""


def whatsapp(
    settings: Twilio,
    public_url: str | None,
    door: Door,
    words: Words,
    home: Path | None = None,
    count: Count = lambda _: None,
) -> Blueprint:
    """Make the routes that Twilio calls; its fallback URL is the same as that for messages.

    Args:
        public_url: where Twilio reaches us; None on one's own machine.
        home: where the templates of buttons are noted, if they are switched on.
        count: told of every status and opt-out.
    """
    templates = buttons.read_templates(home) if settings.buttons and home else {}
    channel = Blueprint(CHANNEL, __name__)
    line = _Line(settings, public_url, door, words, templates, count)
    channel.post(ROUTE)(Direct(line.come))
    channel.post(STATUS_ROUTE)(Direct(line.come_status))
    return channel


@dataclass(frozen=True)
class _Line:
    """Our end of one WhatsApp number."""

    settings: Twilio = field(repr=False)
    public_url: str | None
    door: Door
    words: Words
    templates: Mapping[str, str]
    count: Count

    def come(self, asked: Asked) -> Returned:
        """Answer a message."""
        self._let_in(asked)
        if "MessageStatus" in asked.form:
            return self._note_status(asked)
        addresses = address_of(asked.form)
        if addresses is None:
            raise Problem("origin", cause="not_whatsapp")
        own = f"whatsapp:{self.settings.number}"
        if asked.form.get("To", own) != own:
            raise Problem("origin", cause="number_foreign")
        try:
            return self._answer(read_message(asked.form, *addresses, asked.headers[SIGNATURE]))
        except Exception as failure:
            # The same form again would not help, and Twilio sends it to nobody else: these words are all there is.
            # Both languages: it is not known here which one the person speaks.
            return self._respond([plain(self.words.say(None, note(failure).text))])

    def come_status(self, asked: Asked) -> Returned:
        """Take news of a message of ours: now its id is known, and when it may be deleted."""
        self._let_in(asked)
        return self._note_status(asked)

    # -------------------------------------------------------------- what comes in

    def _let_in(self, asked: Asked) -> None:
        """Let a request of Twilio's pass that is for our account; nothing else is read before."""
        secrets = [secret for secret in (self.settings.auth_token, self.settings.old_auth_token) if secret]
        try:
            check(asked, self.public_url, secrets)
        except NotGenuine as reason:
            raise Problem("origin", cause=str(reason)) from None
        if asked.form.get("AccountSid", self.settings.account_sid) != self.settings.account_sid:
            raise Problem("origin", cause="account_foreign")

    def _answer(self, came: Came) -> Returned:
        if came.opted is not None:
            self._note_opted(came.opted)
        if came.heard is None:
            self.door.run_later(came.copies)
            return self._respond(())
        if came.opted is not None:
            # Twilio has answered already, and would refuse what we say.
            self.door.hear(came.heard, lambda _: came.copies)
            return self._respond(())
        heard = came.heard
        made: list[tuple[Answer, list[str]]] = []

        def causes(answer: Answer) -> Sequence[Errand]:
            here, later = self._parted(answer, heard.address, came.reply_to)
            made[:] = [(answer, here)]
            return [*came.copies, *later]

        answer = self.door.hear(heard, causes)
        if made and made[0][0].messages == answer.messages:
            return self._respond(made[0][1])
        # A message that came again: whatever else its answer led to is on its way already, or was.
        return self._respond(texts(self.words, answer)[:_MOST_AT_ONCE])

    def _note_opted(self, word: str) -> None:
        self.count(f"whatsapp_optout_{word}")
        log.error(
            "Advanced Opt-Out answered a person in our place: it must be switched off at Twilio",
            extra={"channel": CHANNEL, "error": word},
        )

    def _note_status(self, asked: Asked) -> Returned:
        status = read_status(asked.form)
        self.count(f"whatsapp_{status.status}")
        if status.code is not None:
            log.warning("a message was not delivered", extra={"channel": CHANNEL, "error": status.code})
        if letter := asked.args.get("letter"):
            self.door.letter_came(letter, status.status)
        self.door.run_later([*status.copies, *self._without_buttons(status, "shown" in asked.args)])
        return self._respond(())

    # -------------------------------------------------------------- what goes out

    def _parted(self, answer: Answer, person: str, address: str) -> tuple[list[str], list[Errand]]:
        """Return what of an answer goes into the response, and what is sent later.

        Where the end of a long text is still on its way, all of the answer follows it.
        """
        messages = texts(self.words, answer)
        with_buttons = buttons.as_buttons(self.words, answer, self.templates)
        if with_buttons is not None:
            status_url = self._callback(_OF_BUTTONS)
            instead = "\n\n".join(messages)
            return [], [buttons.send_content(person, address, *with_buttons, instead, status_url)]
        here = 0 if answer.waits else 1
        later = messages_later(person, address, messages[here:], self._callback(), APART)
        return messages[:here], later

    def _without_buttons(self, status: Status, had_buttons: bool) -> list[Errand]:
        """Put the question once more as numbered text, where its buttons did not arrive."""
        if status.status not in ("failed", "undelivered") or status.code in UNREACHABLE:
            return []
        standing = self.door.present(CHANNEL, status.address) if had_buttons else None
        if standing is None:
            return []
        return messages_later(status.address, status.reply_to, texts(self.words, standing), self._callback())

    def _callback(self, query: str = "") -> str | None:
        return None if self.public_url is None else f"{self.public_url}{STATUS_ROUTE}{query}"

    def _respond(self, messages: Iterable[str]) -> Returned:
        body = twiml(messages, self._callback() or STATUS_ROUTE)
        return body, 200, {"Content-Type": "text/xml; charset=utf-8"}
