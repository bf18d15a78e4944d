"""Which case is seen first, and why: the whole rule, line by line."""

from __future__ import annotations

import pytest

from flows.choices import CHOICES
from flows.priority import flags_of_background, flags_of_content, priority


@pytest.mark.parametrize(
    ("flags", "links", "expected"),
    [
        ({"danger"}, 0, ("urgent", "danger")),
        ({"human"}, 3, ("urgent", "human")),
        ({"danger", "human", "image_under_16"}, 20, ("urgent", "danger")),
        ({"threatened"}, 0, ("urgent", "threatened_not_published")),
        ({"threatened", "shared"}, 0, ("normal", "none")),
        ({"threatened"}, 1, ("normal", "none")),
        ({"image_under_16"}, 0, ("high", "image_under_16")),
        ({"non_consensual_activity"}, 0, ("high", "non_consensual_activity")),
        (set(), 9, ("normal", "none")),
        (set(), 10, ("high", "many_links")),
        ({"other_with_permission", "image_age_unsure"}, 1, ("normal", "none")),
    ],
)
def test_the_rule(flags: set[str], links: int, expected: tuple[str, str]) -> None:
    assert priority(flags, links) == expected


def test_a_threat_alone_is_no_publication() -> None:
    assert flags_of_background(["threatened", "taken_without_consent"]) == {"threatened"}


@pytest.mark.parametrize("choice", [choice for choice in CHOICES["background"] if "shared" in choice])
def test_what_was_shared_is_published(choice: str) -> None:
    assert flags_of_background([choice, "threatened"]) == {"threatened", "shared"}


def test_what_was_not_consented_to_counts() -> None:
    assert flags_of_content(["non_consensual_activity", "deepfake"]) == {"non_consensual_activity"}
    assert flags_of_content(["deepfake"]) == frozenset()
