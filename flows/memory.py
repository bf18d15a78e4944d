"""How a conversation and a reply are written down between two messages, and read again.

JSON, with what is at its default left out. Readers of older forms stay here for as long as a
conversation written by them can be alive; a form that is not known is refused, never replaced by a
new conversation: a person would lose everything they had dared to say.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flows.vocabulary import (
    Choice,
    Conversation,
    Label,
    LinkMark,
    MessageId,
    Param,
    Reply,
    Say,
    StepId,
)

FORM = 1
"""The form written today. Raise it with a reader for the form before."""

_NEW = vars(Conversation())
_SETS = frozenset({"skipped", "flags", "told"})


class Unreadable(Exception):
    """What is stored is not a form this version knows. It must be kept as it is, and an operator told."""


def dump(conversation: Conversation) -> bytes:
    """Write a conversation down: a few hundred bytes of JSON."""
    return _json({"form": FORM, **_kept(conversation)})


def _kept(conversation: Conversation) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in vars(conversation).items():
        if value == _NEW[name]:
            continue
        if name in _SETS:
            value = sorted(value)
        elif name == "links":
            value = [[mark.link, mark.site, mark.platform] for mark in value]
        elif name == "heard_at":
            value = int(value.timestamp())
        elif name == "instead":
            value = _kept(value)
        kept[name] = value
    return kept


def load(stored: bytes) -> Conversation:
    """Read a conversation that `dump` of this or an earlier version wrote.

    Raises:
        Unreadable: it is not JSON of a known form.
    """
    try:
        kept = json.loads(stored)
        if kept.pop("form") != FORM:
            raise Unreadable("unknown form")
        return _conversation(kept)
    except (ValueError, TypeError, KeyError, AttributeError):
        # `from None`: what could not be read must not travel in a traceback.
        raise Unreadable("damaged") from None


def _conversation(kept: dict[str, Any]) -> Conversation:
    if "links" in kept:
        kept["links"] = tuple(LinkMark(*mark) for mark in kept["links"])
    if "answered" in kept:
        kept["answered"] = tuple(kept["answered"])
    if "heard_at" in kept:
        kept["heard_at"] = datetime.fromtimestamp(kept["heard_at"], UTC)
    if "instead" in kept:
        kept["instead"] = _conversation(kept["instead"])
    for name in _SETS & kept.keys():
        kept[name] = frozenset(kept[name])
    return Conversation(**kept)


def dump_reply(reply: Reply) -> bytes:
    """Write a reply down, to be given again when the same message is delivered again."""
    says = [
        [
            say.id,
            {name: _param(value) for name, value in say.params.items()},
            [[choice.id, choice.label] for choice in say.choices],
            say.several,
        ]
        for say in reply.says
    ]
    return _json({"form": FORM, "says": says, "step": reply.step, "language": reply.language})


def load_reply(stored: bytes) -> Reply:
    """Read a reply that `dump_reply` wrote.

    Raises:
        Unreadable: it is not JSON of a known form.
    """
    try:
        kept = json.loads(stored)
        if kept["form"] != FORM:
            raise Unreadable("unknown form")
        says = tuple(
            Say(
                MessageId(id_),
                {name: _unparam(value) for name, value in params.items()},
                tuple(Choice(choice, label) for choice, label in choices),
                several,
            )
            for id_, params, choices, several in kept["says"]
        )
        return Reply(says, StepId(kept["step"]), kept["language"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable("damaged") from None


def _param(value: Param) -> Any:
    if isinstance(value, Label):
        return {"label": value.id}
    if isinstance(value, tuple):
        return {"labels": [label.id for label in value]}
    return value


def _unparam(value: Any) -> Param:
    if isinstance(value, dict):
        if "label" in value:
            return Label(value["label"])
        return tuple(Label(label) for label in value["labels"])
    return value  # type: ignore[no-any-return]


_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: Any) -> bytes:
    return _written(value).encode()
