"""What is said in the code has a text, and what has a text is said somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

from bot.telegram.updates import COMMANDS
from desk import naming, organisation
from desk.problems import PROBLEMS
from desk.queue import VIEWS
from flows.choices import CHOICES, NEEDS_DETAIL
from flows.platforms import PLATFORMS
from flows.steps import FIELDS, STEPS
from flows.understanding.contacts import Problem
from flows.understanding.danger import Danger
from flows.understanding.links import Refused
from flows.vocabulary import LANGUAGES, CaseStatus, HeardKind
from locales import Words
from storage.asking import RIGHTS
from storage.audit import EVENTS
from storage.casebook import KINDS
from storage.casetelling import PRIORITIES, Status
from storage.erasure import ERASE_REASONS
from storage.linkwork import LINK_STATUSES
from storage.outbox import DeliveryState
from storage.requests import REASONS as REFUSAL_REASONS
from storage.staff import ROLES

ROOT = Path(__file__).parents[2]
CHANNELS = ("web", "terminal", "whatsapp", "telegram", "phone")
ASKED_BY_ANOTHER_NAME = {"contact_detail"}

FAMILIES: dict[str, set[str]] = {
    "ask": {str(step.id) for step in STEPS} - ASKED_BY_ANOTHER_NAME,
    "ask.contact_detail": set(NEEDS_DETAIL.values()),
    "ask.submitted": {"code"},
    "why": {str(step.id) for step in STEPS},
    "ask.contact_safety": {"code"},
    "ask.story": {"more"},
    "ask.links": {"more"},
    "got": {"story", "message"},
    "advice": {"threats", "hash_tools"},
    "got.whose": {"self", "other_with_permission"},
    "got.image_age": {"yes", "unsure"},
    "not_understood": {"age", "consent", "text", "safety", "1", "2", "3"},
    "choice": {f"{field}.{choice}" for field, choices in CHOICES.items() for choice in choices},
    "field": set(FIELDS),
    "media": set(get_args(HeardKind)) - {"start", "text", "stop", "blocked"},
    "danger": {danger.value for danger in Danger},
    "links.refused": {refused.value for refused in Refused},
    "contact.problem": {problem.value for problem in Problem},
    "status": set(get_args(get_type_hints(CaseStatus)["state"])),
    "clear": set(CHANNELS),
    "page.intro": set("123456"),
    "desk.role": set(ROLES),
    "desk.event": set(EVENTS),
    "desk.problem": set(PROBLEMS),
    "desk.right": set(RIGHTS),
    "desk.refusal": set(REFUSAL_REASONS),
    "desk.erase_reason": set(ERASE_REASONS),
    "desk.copy": {"reference", "status", "language", "channel", "flags"},
    "choice.contact_safety": set(CHOICES["contact_safety"]),
    "desk.second": {"wrong"},
    "desk.sign_in": {"wrong", "expired", "no_factor"},
    "desk.link": {"wrong"},
    "desk.flag": set(naming.FLAGS),
    "desk.flag_means": set(naming.FLAGS),
    "desk.field": {*naming.FIELDS, "consent"},
    "desk.reported_to": set(naming.REPORTED_TO),
    "desk.outcome": set(naming.OUTCOMES),
    "desk.entry": set(KINDS),
    "desk.delivery": {"waiting", "by_code", *get_args(DeliveryState)},
    "desk.case_status": set(get_args(Status)),
    "desk.case": {"added", "corrected"},
    "choice.contact_method": set(CHOICES["contact_method"]),
    "choice.language": set(LANGUAGES),
    "platform": set(PLATFORMS),
    "desk.reason": set(naming.REASONS),
    "desk.channel": set(naming.CHANNELS),
    "desk.priority": set(PRIORITIES),
    "desk.link_status": set(LINK_STATUSES),
    "desk.view": set(VIEWS),
    "desk.queue": {"priority", "language", "channel", "link_status"},
    "desk.fact": set(organisation.FACTS),
    "desk.fact_part": {"text", "name", "url", "hours", "languages", "contact"},
    "desk.kept": {"draft_hours", "closed_days"},
    "desk.organisation": {"unfit", "changed"},
    "desk.telling": {"unfit"},
    "desk.done": {
        "call_left",
        "told_from_now",
        "told_no_more",
        "fact_changed",
        "fact_checked",
        "rotated",
        "rotation_begun",
        "claimed",
        "released",
        "handed_over",
        "attended",
        "due_set",
        "closed",
        "reopened",
        "noted",
        "nothing_written",
        "links_changed",
        "links_restored",
        "links_moved_on",
        "signed_out",
        "signed_out_everywhere",
        "passkey_added",
        "passkey_removed",
        "disabled",
        "role_changed",
        "signed_them_out",
        "cases_moved",
        "said",
        "waits_for_them",
        "talk_ended",
        "reply_saved",
        "reply_removed",
        "request_noted",
        "request_refused",
        "corrected",
        "no_answer",
        "erasing_proposed",
        "erasing_withdrawn",
    },
    "telegram_bot.command": set(COMMANDS),
}
"""Ids made from a prefix and the name of something, and all those names: the one list of them."""

MADE = {f"{prefix}.{name}" for prefix, names in FAMILIES.items() for name in names}


def trees(*folders: str) -> Iterator[ast.AST]:
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            yield ast.parse(file.read_text("utf-8"))


def literals(*folders: str) -> set[str]:
    """Return the strings that stand in the code as they are."""
    return {
        node.value
        for tree in trees(*folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def made_in_code(*folders: str) -> set[str]:
    """Return the prefixes of strings that are put together: `media` of f"media.{kind}"."""
    starts = {
        str(node.values[0].value)
        for tree in trees(*folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
    }
    return {start[:-1] for start in starts if re.fullmatch(r"[a-z]\w*(\.\w+)*\.", start)}


def page_names() -> set[str]:
    """Return the words that templates and scripts use; a text of the page is named by one of them."""
    files = [file for file in (ROOT / "bot" / "web").rglob("*") if file.suffix in (".html", ".js", ".py")]
    return {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}


def named_in_templates() -> set[str]:
    """Return the ids that stand in the desk's templates; those that are put together end in a dot."""
    files = (ROOT / "desk" / "templates").glob("*.html")
    return {id_ for file in files for id_ in re.findall(r'"(desk\.[\w.]+)"', file.read_text("utf-8"))}


def test_every_id_in_a_template_of_the_desk_has_a_text(words: Words) -> None:
    named = named_in_templates()
    made = {id_ for id_ in named if id_.endswith(".")}
    # Some are handed to a macro, which adds the last part.
    assert named - made - words.ids() - FAMILIES.keys() == set()
    assert {prefix[:-1] for prefix in made} - FAMILIES.keys() == set()


def test_every_id_in_the_code_has_a_text(words: Words) -> None:
    ids = words.ids()
    roots = {id_.partition(".")[0] for id_ in ids if "." in id_}
    named = {
        text
        for text in literals("flows", "bot", "desk")
        if re.fullmatch(r"[a-z]\w*(\.\w+)+", text)
        and text.partition(".")[0] in roots
        and not text.endswith((".toml", ".csv", ".html", ".txt"))
    }
    assert named - ids - FAMILIES.keys() == set()


def test_every_id_that_is_put_together_has_a_text(words: Words) -> None:
    assert MADE - words.ids() == set()


def test_every_way_in_which_ids_are_put_together_is_listed(words: Words) -> None:
    roots = {id_.partition(".")[0] for id_ in words.ids()}
    made = {prefix for prefix in made_in_code("flows", "bot", "desk") if prefix.partition(".")[0] in roots}
    assert made - FAMILIES.keys() == {"page"}


def test_every_text_is_said_somewhere(words: Words) -> None:
    said = literals("flows", "bot", "tada", "desk") | MADE | {f"page.{name}" for name in page_names()}
    said |= named_in_templates()
    assert words.ids() - said == set()
