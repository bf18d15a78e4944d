"""The state machine has the ways of the table and no other, and is drawn from it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from transitions import MachineError

from flows import chart
from flows.steps import ENDS, ROUTES, STEPS
from flows.vocabulary import Conversation, StepId


def at(step: str, **rest: object) -> Conversation:
    return Conversation(step=StepId(step)).but(**rest)


def test_there_is_no_jump_past_age_or_consent() -> None:
    triggers = {name for name in dir(chart._walker) if name.startswith("to_")}
    assert triggers == set()
    for event in ("submitted", "answered to review"):
        with pytest.raises((MachineError, AttributeError)):
            chart.follow(at("age"), event)


def test_a_method_that_needs_no_detail_passes_it_over() -> None:
    assert chart.follow(at("contact_method"), "answered") == "contact_safety"
    assert chart.follow(at("contact_method", detail="phone"), "answered") == "contact_detail"


def test_images_from_before_16_pass_the_links_over() -> None:
    assert chart.follow(at("story"), "answered") == "links"
    assert chart.follow(at("story", flags=frozenset({"image_under_16"})), "answered") == "review"


@pytest.mark.parametrize("back_to", ["review", "submitted"])
def test_a_changed_answer_leads_back_to_where_it_was_changed_from(back_to: str) -> None:
    assert chart.follow(at("name", return_to=back_to), "answered") == back_to


def test_no_conversation_stays_with_the_machine() -> None:
    chart.follow(at("name", flags=frozenset({"threatened"})), "answered")
    assert not any(isinstance(value, Conversation) for value in vars(chart._walker).values())
    assert chart._machine.models == [chart._walker]


def test_the_drawing_names_every_step_and_every_end() -> None:
    for form in ("mermaid", "svg"):
        drawn = chart.draw(form)
        for name in [*(step.id for step in STEPS), *(end for end in ENDS if end not in ("erased", "paused"))]:
            assert name in drawn, (form, name)
    with pytest.raises(ValueError, match="mermaid or svg"):
        chart.draw("png")


def test_the_svg_is_well_formed_and_has_a_title() -> None:
    root = ElementTree.fromstring(chart.draw("svg"))
    assert root.tag.endswith("svg")
    assert root[0].tag.endswith("title")


def test_every_route_begins_at_a_step() -> None:
    assert {route.source for route in ROUTES} <= {step.id for step in STEPS}
