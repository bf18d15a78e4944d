"""An answer as Twilio takes it: TwiML in the response, and messages that are sent later.

Source of the limits: Twilio, "TwiML Message", its errors 11750, 12100, 14109 and 21617.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from xml.sax.saxutils import escape, quoteattr

from bot.numbered import as_text, parts
from bot.receive import Answer
from locales import Words
from storage.errands import Errand

SEND, SEND_CONTENT = "twilio.send", "twilio.send_content"

LONGEST = 1_500
"""UTF-16 units of one message. Twilio takes 1,600 and does not say of what."""
WINDOW = timedelta(hours=23)
"""After a person's last message WhatsApp takes no free text any more once 24 hours are over."""
APART = timedelta(seconds=6)
"""WhatsApp takes one message to one person in this time, and keeps no order among those that come faster."""

_NOT_XML = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = re.compile(r"(?P<link>https?://\S+)|(?<![A-Za-z0-9])[*_~`]+|[*_~`]+(?![A-Za-z0-9])|^>", re.MULTILINE)
_FULL_WIDTH = str.maketrans("*_~`>", "＊＿～｀＞")


def texts(words: Words, answer: Answer) -> list[str]:
    """Put a whole answer into messages, each as long as WhatsApp takes it; none where nothing is said."""
    whole = plain(as_text(words, answer))
    return list(parts(whole, LONGEST)) if whole.strip() else []


def plain(text: str) -> str:
    """Keep WhatsApp from reading signs of somebody's name as bold or struck through; links stay as they are.

    A sign that could open or close such a passage becomes its full-width double, as long in every unit.
    """
    return _MARKS.sub(lambda found: found["link"] or found[0].translate(_FULL_WIDTH), text)


def twiml(messages: Iterable[str], status_url: str) -> bytes:
    """Write messages as TwiML.

    Args:
        status_url: where Twilio tells what became of each; only there do we learn its id, and can have it deleted.
    """
    action = quoteattr(status_url)
    written = "".join(f"<Message action={action}>{_xml(text)}</Message>" for text in messages)
    response = f"<Response>{written}</Response>" if written else "<Response />"
    return f'<?xml version="1.0" encoding="UTF-8"?>{response}'.encode()


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def messages_later(
    person: str,
    address: str,
    messages: Iterable[str],
    status_url: str | None,
    wait: timedelta = timedelta(0),
) -> list[Errand]:
    """Have messages sent by the background work, one after the other, as long as WhatsApp takes them.

    Args:
        person: how the person is known (`Heard.address`); what is sent to one person keeps its order.
        address: where they are reached, as Twilio writes it, with `whatsapp:` before it.
        messages: each at most `LONGEST`.
        status_url: as for `twiml`; None on one's own machine, where Twilio cannot call.
        wait: before the first.
    """
    return [
        Errand(
            SEND,
            letter={"address": address, "text": text, "status_url": status_url},
            to=person,
            after=wait + place * APART,
            kept=WINDOW,
        )
        for place, text in enumerate(messages)
    ]
