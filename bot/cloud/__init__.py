"""WhatsApp by Meta's Cloud API: signed batches of changes come in, and replies go out as errands.

Meta reads nothing from the body of our answer, so every reply is a call, kept in the transaction of the message it
answers and made by the background work. Meta sends a delivery again for seven days until it sees a 200: whatever we
cannot read is therefore answered 200, and only a store that is away is not.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
from collections.abc import Sequence
from functools import partial

from flask import Blueprint, Request

from bot.asked import Asked, Direct, Returned
from bot.cloud.reading import CHANNEL, Batch, Came, Gone, read
from bot.cloud.writing import deletions, replies
from bot.door import Door
from bot.problems import Problem, note
from bot.receive import Answer
from locales import Words
from settings import Cloud
from storage.errands import Errand
from storage.errors import KeysUnusable, StoreAway, StoreError

log = logging.getLogger(__name__)

ROUTE = "/webhooks/whatsapp-cloud"

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
"""What we send back unread. Meta's are ten digits or so; nothing in these letters can be a page."""
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


def cloud(settings: Cloud, door: Door, words: Words) -> Blueprint:
    """Make the routes that Meta calls.

    Source: Meta, "Create a webhook endpoint".
    """
    channel = Blueprint("whatsapp-cloud", __name__)
    secrets = [secret.encode() for secret in (settings.app_secret, settings.old_app_secret) if secret]

    @channel.get(ROUTE)
    @Direct
    def prove(asked: Asked) -> Returned:
        """Prove to Meta, when the webhook is registered, that we know the token agreed on."""
        token = asked.args.get("hub.verify_token", "").encode(errors="replace")
        challenge = asked.args.get("hub.challenge", "")
        known = hmac.compare_digest(token, settings.verify_token.encode())
        if not known or asked.args.get("hub.mode") != "subscribe" or not _CHALLENGE.fullmatch(challenge):
            raise Problem("origin", cause="bad_verify_token")
        return challenge, 200, {"Content-Type": "text/plain; charset=utf-8"}

    @channel.post(ROUTE)
    @Direct
    def deliver(asked: Asked) -> Returned:
        batch = read(_parsed(_genuine(asked, secrets)), settings.phone_number_id)
        _log(batch)
        for letter, status in batch.news:
            door.letter_came(letter, status)
        _take_all(batch, door, words)
        return "", 200

    return channel


def _genuine(asked: Request, secrets: Sequence[bytes]) -> bytes:
    """Return the body, byte for byte, of a request that Meta signed."""
    signature = _SIGNATURE.fullmatch(asked.headers.get("X-Hub-Signature-256", ""))
    if signature is not None:
        body = asked.get_data(cache=False)
        for secret in secrets:
            if hmac.compare_digest(hmac.digest(secret, body, "sha256"), bytes.fromhex(signature[1])):
                return body
    raise Problem("origin", cause="bad_signature")


def _parsed(body: bytes) -> object:
    """Read a body that is Meta's. What is no JSON is nothing: the same bytes again would be none either."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _take_all(batch: Batch, door: Door, words: Words) -> None:
    """Take everything in a batch, each in a transaction of its own.

    Where one cannot be kept, Meta must hear of it and sends the whole batch again; those that were taken are then
    known by their ids.

    Raises: `StoreError`.
    """
    failure: StoreError | None = None
    for event in batch.events:
        try:
            _take(event, door, words)
        except (StoreAway, KeysUnusable):
            raise  # the next one would fare no better
        except StoreError as error:
            failure = error  # what is wrong with one of them is no reason to keep the others waiting
        except Exception as error:
            note(error)
    if failure is not None:
        raise failure


def _take(event: Came | Gone, door: Door, words: Words) -> None:
    match event:
        case Came(heard=heard):
            door.hear(heard, partial(_errands, event, words))
        case Gone(address=address):
            # A number may belong to somebody else tomorrow: nothing is carried over to the new one.
            door.leave(CHANNEL, address, erase=False)


def _errands(event: Came, words: Words, answer: Answer) -> list[Errand]:
    return [*deletions(event.media), *replies(words, answer, event.heard.address)]


def _log(batch: Batch) -> None:
    for code, count in batch.undelivered.items():
        log.warning("replies were not delivered", extra={"error": f"cloud {code}", "count": count})
    if batch.unread:
        log.warning("parts of a delivery could not be read", extra={"count": batch.unread})
