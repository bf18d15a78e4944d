"""The answers a person can choose from: field, then ids in the order shown.

The ids are stored, exported and counted, and never change their meaning. What a button says is in
the catalogue under `choice.<field>.<id>`; what people type instead is in `understanding/choices.toml`.
"""

from __future__ import annotations

from typing import Literal

CHOICES: dict[str, tuple[str, ...]] = {
    "language": ("zh_Hant_HK", "en"),
    "age": ("16_or_above", "under_16"),
    "consent": ("agree", "decline", "more"),
    "whose": ("self", "other_with_permission", "other"),
    "image_age": ("yes", "no", "unsure"),
    "pronoun": ("she", "he", "they", "self_described", "undisclosed"),
    "contact_method": (
        "this_chat",
        "case_code",
        "phone_call",
        "sms",
        "whatsapp",
        "telegram",
        "signal",
        "email",
    ),
    "contact_safety": ("any_time", "daytime", "evening", "weekend", "discreet_only"),
    "relationship": (
        "intimate_partner",
        "online_acquaintance",
        "known_person",
        "unidentified",
        "other",
        "undisclosed",
    ),
    "background": (
        "consensual_taking_shared_without_consent",
        "shared_without_knowledge",
        "shared_without_authorisation",
        "taken_without_consent",
        "taken_without_knowledge",
        "threatened",
        "other",
        "undisclosed",
    ),
    "content": (
        "consensual_activity",
        "non_consensual_activity",
        "intimate_parts",
        "deepfake",
        "other",
        "undisclosed",
    ),
    "story": ("done",),
    "links": ("done", "no_links", "clear"),
    "no_links": ("threat_only", "not_sure", "private_group", "already_removed", "cannot_find"),
    "review": ("submit", "change", "erase"),
    "submitted": ("add_links", "status", "correct", "copy", "erase", "unlink", "new"),
    # Questions put in between, whatever the step.
    "erase": ("yes", "no"),
    "restart": ("yes", "no"),
    "new": ("yes", "no"),
    "third_party": ("yes", "no"),
    "under_16": ("yes", "no"),
    "danger": ("mark", "go_on", "pause"),
    "human": ("hand_over", "go_on"),
    "idle": ("continue", "restart", "stop"),
    "keep_text": ("keep", "no"),
    "old_button": ("change", "go_on"),
}

NEEDS_DETAIL: dict[str, Literal["phone", "telegram", "email"]] = {
    "phone_call": "phone",
    "sms": "phone",
    "whatsapp": "phone",
    "signal": "phone",
    "telegram": "telegram",
    "email": "email",
}
"""Ways of being reached that need a detail, and which kind of detail that is."""
