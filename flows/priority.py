"""Which case a colleague should see first, and why. The whole rule, and the only place it stands."""

from __future__ import annotations

from collections.abc import Collection

from flows.vocabulary import Priority

MANY_LINKS = 10


def priority(flags: Collection[str], links: int) -> tuple[Priority, str]:
    """Return the priority of a case and the id of its reason.

    Args:
        flags: what the conversation remembered (`Conversation.flags`).
        links: how many links were given.
    """
    if "danger" in flags:
        return "urgent", "danger"
    if "human" in flags:
        return "urgent", "human"
    if "threatened" in flags and "shared" not in flags and links == 0:
        return "urgent", "threatened_not_published"
    for flag in ("image_under_16", "non_consensual_activity"):
        if flag in flags:
            return "high", flag
    if links >= MANY_LINKS:
        return "high", "many_links"
    return "normal", "none"


def flags_of_background(background: Collection[str]) -> frozenset[str]:
    """Return what the answer to `background` means for the queue."""
    flags = {"threatened"} & set(background)
    if any("shared" in choice for choice in background):
        flags.add("shared")
    return frozenset(flags)


def flags_of_content(content: Collection[str]) -> frozenset[str]:
    """Return what the answer to `content` means for the queue."""
    return frozenset({"non_consensual_activity"} & set(content))


def flags_of_image_age(image_age: str) -> frozenset[str]:
    """Return what the answer to `image_age` means for the queue, and for whether links may be taken."""
    flags = {"no": "image_under_16", "unsure": "image_age_unsure"}
    return frozenset({flags[image_age]} if image_age in flags else ())
