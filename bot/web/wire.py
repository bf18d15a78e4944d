"""The web chat's JSON, in and out. The shapes are part of what other programs rely on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Request

from bot.problems import Problem
from bot.receive import Answer, Message
from flows.vocabulary import Heard, Language

MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What a page may call a message. It has to draw the id at random."""
LONGEST_ID = 64
"""Characters of a choice or a step that a client may send."""
MOST_CHOICES = 64


@dataclass(frozen=True)
class Posted:
    """What the body of `POST /chat/messages` held, checked for shape and not for meaning.

    Attributes:
        shown: the id of the last colleague's message that the page has shown.
    """

    id: str
    text: str = ""
    choice: str | None = None
    choices: tuple[str, ...] | None = None
    step: str | None = None
    shown: str | None = None

    def heard(self, token: str) -> Heard:
        """The same for the path that every message takes."""
        return Heard(
            channel="web",
            address=token,
            id=self.id,
            text=self.text,
            choice=self.choice,
            choices=self.choices,
            asked_at=self.step,
        )


def read_object(request: Request, required: bool = True) -> dict[str, Any]:
    """Read a JSON object from the body.

    Args:
        request: what was posted.
        required: False lets an empty body stand for an empty object.
    Raises:
        Problem: `media_type`, `bad_json` or `bad_request`.
    """
    body = request.get_data(cache=False)
    if not body and not required:
        return {}
    if request.mimetype != "application/json":
        raise Problem("media_type")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem("bad_json") from None
    if not isinstance(value, dict):
        raise Problem("bad_request")
    return value


def read_message(body: dict[str, Any]) -> Posted:
    """Read one message. Exactly one of `text`, `choice` and `choices` is given; unknown keys are ignored.

    Raises:
        Problem: `bad_request`.
    """
    message_id, step = body.get("id"), body.get("step")
    said = [name for name in ("text", "choice", "choices") if body.get(name) is not None]
    if not (isinstance(message_id, str) and MESSAGE_ID.fullmatch(message_id)) or len(said) != 1:
        raise Problem("bad_request")
    shown = body.get("shown")
    if any(named is not None and not _is_id(named) for named in (step, shown)):
        raise Problem("bad_request")
    value = body[said[0]]
    if said[0] == "text":
        if isinstance(value, str):
            return Posted(message_id, text=value, step=step, shown=shown)
    elif said[0] == "choice":
        if _is_id(value):
            return Posted(message_id, choice=value, step=step, shown=shown)
    elif isinstance(value, list) and 0 < len(value) <= MOST_CHOICES and all(map(_is_id, value)):
        return Posted(message_id, choices=tuple(value), step=step, shown=shown)
    raise Problem("bad_request")


def read_erase(body: dict[str, Any]) -> bool:
    """Read whether the conversation is to be destroyed as well as left.

    Raises:
        Problem: `bad_request`.
    """
    erase = body.get("erase", False)
    if not isinstance(erase, bool):
        raise Problem("bad_request")
    return erase


def as_json(answer: Answer, after: str | None = None) -> dict[str, Any]:
    """Write an answer; with `after`, only what came after the message of that id, if it is known."""
    messages = list(answer.messages)
    ids = [message.id for message in messages]
    if after in ids:
        messages = messages[ids.index(after) + 1 :]
    progress = answer.progress and {"step": answer.progress[0], "of": answer.progress[1]}
    return {
        "messages": [_message(message) for message in messages],
        "step": answer.step,
        "progress": progress,
        "language": answer.language,
        "closed": answer.closed,
        "skippable": answer.skippable,
    }


def messages_as_json(messages: Iterable[Message]) -> dict[str, Any]:
    """Write messages alone."""
    return {"messages": [_message(message) for message in messages]}


def problem_as_json(code: str, text: str) -> dict[str, Any]:
    """Write a problem."""
    return {"error": {"code": code, "message": text}}


def language_named(name: object) -> Language | None:
    """Read a language as clients name it; None for anything else."""
    match name:
        case "en":
            return "en"
        case "zh" | "zh_Hant_HK" | "zh-HK" | "zh-Hant-HK":
            return "zh_Hant_HK"
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_ID


def _message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"id": message.id, "from": message.sender, "text": message.text}
    if message.choices:
        written["choices"] = [{"id": id_, "label": label} for id_, label in message.choices]
    if message.several:
        written["several"] = True
    return written
