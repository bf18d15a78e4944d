"""An answer as messages of the Cloud API, each an errand: buttons, a list, or numbered text.

Whatever an answer says goes into one message wherever it fits, because Meta takes one message in six seconds from
one number to one person, and promises no order of several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from bot.numbered import as_text, length, parts
from bot.pressing import button_id
from bot.receive import Answer
from locales import Words
from storage.errands import Errand

# Source: Meta's published specification v23.0, and its pages on interactive messages and on rate limits.
LONGEST_TEXT = 4096
LONGEST_BODY = 1024
"""Of a message with buttons or a list. The page says 4,096 for a list, the specification 1,024."""
MOST_BUTTONS, LONGEST_BUTTON = 3, 20
MOST_ROWS, LONGEST_ROW, LONGEST_DESCRIPTION = 10, 24, 72
PAIR_SECONDS = 6
"""Between two messages to one person."""

MEDIA_REST = timedelta(days=30)
"""How long Meta keeps what was sent to us, unless it is deleted."""

Content = dict[str, Any]
"""A message without its address: `{"type": "text", "text": {…}}`."""


def replies(words: Words, answer: Answer, address: str) -> list[Errand]:
    """Return what sends an answer; nothing where there is nothing to say."""
    choosing = _with_buttons(answer) or _with_list(words, answer)
    return _sendings(address, [choosing] if choosing else _texts(as_text(words, answer)))


def messages(address: str, text: str, about: str = "") -> list[Errand]:
    """Return what sends a text of any length to somebody, such as a colleague's message.

    Args:
        address: as `Heard.address` of the channel has it.
        about: what Meta gives back with all news of it: the letter's id, which says nothing of anybody.
    """
    return _sendings(address, _texts(text), about)


def deletions(media: Sequence[str]) -> list[Errand]:
    """Return what deletes the provider's copies of pictures and files."""
    return [Errand("cloud.delete_media", subject=id_, kept=MEDIA_REST) for id_ in media]


def _sendings(address: str, contents: Sequence[Content], about: str = "") -> list[Errand]:
    return [
        Errand(
            "cloud.send",
            letter={"address": address, "content": content} | ({"about": about} if about else {}),
            to=address,
            after=timedelta(seconds=PAIR_SECONDS * place),
        )
        for place, content in enumerate(contents)
    ]


def _texts(text: str) -> list[Content]:
    return [
        {"type": "text", "text": {"preview_url": False, "body": part}}
        for part in parts(text, LONGEST_TEXT)
        if part
    ]


def _with_buttons(answer: Answer) -> Content | None:
    choices = _choices(answer)
    labels = {label for _, label in choices}
    if not 0 < len(choices) <= MOST_BUTTONS or len(labels) < len(choices):
        return None
    if not all(_fits(label, LONGEST_BUTTON) for label in labels):
        return None
    buttons = [{"type": "reply", "reply": {"id": id_, "title": label}} for id_, label in choices]
    return _interactive("button", answer, {"buttons": buttons})


def _with_list(words: Words, answer: Answer) -> Content | None:
    choices = _choices(answer)
    if not 0 < len(choices) <= MOST_ROWS:
        return None
    if not all(_fits(label, LONGEST_DESCRIPTION) for _, label in choices):
        return None
    rows = list(_rows(choices))
    opens = words.label(answer.language, "choose.list")
    return _interactive("list", answer, {"button": opens, "sections": [{"rows": rows}]})


def _rows(choices: Sequence[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Give the rows of a list: the labels, or where one is too long for a title, all below their numbers."""
    short = all(length(label) <= LONGEST_ROW for _, label in choices)
    for number, (id_, label) in enumerate(choices, start=1):
        yield (
            {"id": id_, "title": label} if short else {"id": id_, "title": f"{number}.", "description": label}
        )


def _choices(answer: Answer) -> list[tuple[str, str]]:
    """Return the choices of an answer with the ids that come back; none where only numbers will do.

    Buttons can be pressed for as long as the chat is there, and a late `yes` must not be that to "erase everything?".
    """
    *above, last = answer.messages or (None,)
    if last is None or last.several or any(message and message.choices for message in above):
        return []
    if "yes" in dict(last.choices):
        return []
    return [(button_id(answer.step, id_), label) for id_, label in last.choices]


def _interactive(kind: str, answer: Answer, action: dict[str, Any]) -> Content | None:
    body = "\n\n".join(message.text for message in answer.messages)
    if not _fits(body, LONGEST_BODY):
        return None
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}


def _fits(text: str, most: int) -> bool:
    """Say whether a text is no longer than that, and not empty: Meta takes no empty one."""
    return bool(text.strip()) and length(text) <= most
