"""The ids that the desk has words for; whatever else a case holds is shown as it stands there."""

from __future__ import annotations

CHANNELS: tuple[str, ...] = ("web", "whatsapp", "telegram", "phone", "terminal")

FLAGS: tuple[str, ...] = (
    "danger",
    "human",
    "erase",
    "copy",
    "under_16",
    "threatened",
    "image_under_16",
    "image_age_unsure",
    "non_consensual_activity",
    "other_with_permission",
)

REASONS: tuple[str, ...] = (
    "danger",
    "human",
    "threatened_not_published",
    "image_under_16",
    "non_consensual_activity",
    "many_links",
    "none",
)
"""Those of `flows.priority`."""

FIELDS: tuple[str, ...] = (
    "whose",
    "image_age",
    "relationship",
    "background",
    "content",
    "story",
    "links_note",
    "no_links",
    "message",
    "name",
    "pronoun",
    "contact_method",
    "contact_detail",
    "contact_safety",
)
"""In the order in which a case is read: what happened first, then who the person is."""

CONTACT_WAYS: tuple[str, ...] = ("phone_call", "sms", "whatsapp", "telegram", "signal", "email")
OUTCOMES: tuple[str, ...] = ("reached", "not_reached", "somebody_else")
REPORTED_TO: tuple[str, ...] = ("platform", "hosting_provider")
NOTES: tuple[str, ...] = ("note", "third_party")
"""The kinds of entry that are written in one box."""
