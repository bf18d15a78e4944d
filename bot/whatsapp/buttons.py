"""Choices as buttons and lists, where the organisation has switched them on: templates at Twilio, and who fits one.

Each question has a template in each language, with its choices fixed and its text left open. A question that has
none, or whose text is too long, is put as numbered text: so are all questions put in between, such as whether to
erase everything, because an old button can be pressed for as long as a chat can be scrolled.

Source of the limits: Twilio, "twilio/quick-reply" and "twilio/list-picker".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, Literal

from bot.numbered import length
from bot.pressing import button_id
from bot.receive import Answer
from bot.whatsapp.reading import CHANNEL
from bot.whatsapp.writing import SEND_CONTENT, WINDOW, plain
from flows.steps import STEP
from flows.turn import standing
from flows.vocabulary import LANGUAGES, Choice, Conversation, Heard, Language, LinkMark, StepId
from locales import Words
from storage.errands import Errand

FILE_NAME = "whatsapp-templates.json"
"""In the home: the name of each template, and Twilio's id of it."""

MOST_BUTTONS, MOST_ITEMS = 3, 10
LONGEST_BUTTON, LONGEST_ITEM, LONGEST_DESCRIPTION, LONGEST_TEXT = 20, 24, 72, 1_024
"""UTF-16 units."""

_ALSO_IN_BETWEEN = frozenset({"image_age"})
"""Its `yes` and `no` are also those of "erase everything?": an old button must not answer that."""


@dataclass(frozen=True)
class Template:
    """One question as Twilio keeps it.

    Attributes:
        name: made from everything else, so that another wording is another template.
    """

    language: str
    types: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        written = json.dumps([self.language, self.types], sort_keys=True).encode()
        return f"tada_{hashlib.sha256(written).hexdigest()[:32]}"


def every_template(words: Words) -> list[Template]:
    """Return what is needed for every question of the conversation, in both languages."""
    found = {
        template.name: template
        for language in LANGUAGES
        for step, choices in _questions(language)
        if (
            template := _template(
                words, step, language, [(each.id, words.label(language, each.label)) for each in choices]
            )
        )
    }
    return list(found.values())


def as_buttons(words: Words, answer: Answer, templates: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the template of an answer and the text to stand in it; None where it is to be numbered text."""
    if not templates or not answer.messages or any(message.choices for message in answer.messages[:-1]):
        return None
    asked = answer.messages[-1]
    text = plain("\n\n".join(message.text for message in answer.messages)).strip()
    if asked.several or not asked.choices or not 0 < length(text) <= LONGEST_TEXT:
        return None
    for language in (answer.language,) if answer.language else LANGUAGES:
        template = _template(words, answer.step, language, asked.choices)
        if template is not None and template.name in templates:
            return templates[template.name], text
    return None


def send_content(
    person: str, address: str, content: str, body: str, instead: str, status_url: str | None
) -> Errand:
    """Have an answer sent with its buttons.

    Args:
        person: how the person is known; what is sent to one person keeps its order.
        address: where they are reached.
        content: Twilio's id of the template.
        body: the text to stand in it.
        instead: the same as numbered text, for when that cannot be sent.
        status_url: where Twilio tells what became of it.
    """
    letter = {
        "address": address, "content": content, "body": body, "text": instead, "status_url": status_url
    }  # fmt: skip
    return Errand(SEND_CONTENT, letter=letter, to=person, kept=WINDOW)


def read_templates(home: Path) -> dict[str, str]:
    """Return the templates that were made; none where the file is not there or cannot be read."""
    try:
        read = json.loads((home / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pairs = read.items() if isinstance(read, dict) else ()
    return {name: sid for name, sid in pairs if isinstance(sid, str)}


def _template(
    words: Words, step: str, language: Language, choices: Sequence[tuple[str, str]]
) -> Template | None:
    if step in _ALSO_IN_BETWEEN or not 0 < len(choices) <= MOST_ITEMS:
        return None
    ids = [(button_id(step, choice), label) for choice, label in choices]
    code = "zh_HK" if language == "zh_Hant_HK" else "en"
    if len(ids) <= MOST_BUTTONS and all(length(label) <= LONGEST_BUTTON for _, label in ids):
        actions = [{"type": "QUICK_REPLY", "title": label, "id": payload} for payload, label in ids]
        return Template(code, {"twilio/quick-reply": {"body": "{{1}}", "actions": actions}})
    if any(length(label) > LONGEST_DESCRIPTION for _, label in ids):
        return None
    items = [_item(payload, label) for payload, label in ids]
    opens = words.label(language, "choose.list")
    return Template(code, {"twilio/list-picker": {"body": "{{1}}", "button": opens, "items": items}})


def _item(payload: str, label: str) -> dict[str, str]:
    """A line of a list; what does not fit is cut, and stands below in full."""
    if length(label) <= LONGEST_ITEM:
        return {"id": payload, "item": label}
    cut = label[: LONGEST_ITEM - 1]
    return {"id": payload, "item": (cut.rpartition(" ")[0] or cut) + "…", "description": label}


def _questions(language: Language) -> Iterator[tuple[str, Sequence[Choice]]]:
    """Every question of the conversation with every set of buttons under it, whatever was said before."""
    heard = Heard(CHANNEL, "", "", kind="start", can_be_reached=True)
    mark = LinkMark("", "", "other")
    cases: tuple[Literal["linked", "code"] | None, ...] = (None, "linked", "code")
    for step, case, links, under_16 in product(STEP, cases, ((), (mark,)), (False, True)):
        flags = frozenset({"image_under_16"} if under_16 else ())
        conversation = Conversation(
            step=StepId(step), language=language, case=case, links=links, flags=flags, detail="phone"
        )
        asked = standing(conversation, heard, datetime.now(UTC)).says[-1]
        if asked.choices and not asked.several:
            yield step, asked.choices
