"""How the question that stands is put: its words, its buttons, and those of a question put in between."""

from __future__ import annotations

from flows.choices import CHOICES
from flows.scene import Scene, field_label
from flows.steps import FIELDS, STEP
from flows.vocabulary import Choice, Label, MessageId, Say

# The questions put in between, and the message that asks each. `aside` may carry more after a colon.
ASIDES: dict[str, str] = {
    "erase": "erase.ask",
    "restart": "restart.ask",
    "new": "new.ask",
    "third_party": "third_party.ask",
    "under_16": "under_16.ask",
    "danger": "danger.ask",
    "human": "human.ask",
    "idle": "idle.ask",
    "keep_text": "keep_text.ask",
    "old_button": "old_button.offer",
    "no_links": "ask.no_links",
    "no_links_where": "ask.no_links.where",
    "pronoun_typed": "ask.pronoun.self_described",
    "change": "ask.change",
}


def aside_of(scene: Scene) -> tuple[str, str] | None:
    """Return the name and the argument of the question put in between, if one stands."""
    if scene.conversation.aside is None:
        return None
    name, _, argument = scene.conversation.aside.partition(":")
    return name, argument


def offered(scene: Scene) -> tuple[str, ...]:
    """Return the ids of the step's own buttons, in the order in which they are shown."""
    step = scene.conversation.step
    choices = CHOICES.get(step, ())
    if step == "contact_method" and not scene.heard.can_be_reached:
        # A web page forgets its conversation: nobody could be reached there.
        return tuple(choice for choice in choices if choice != "this_chat")
    if step == "links":
        if scene.submitted:
            # What a colleague may be working on is not taken away by a button.
            return ("done",)
        return ("done", "clear") if scene.conversation.links else ("no_links",)
    if step == "submitted":
        if scene.conversation.case == "code":
            return ("add_links", "correct", "copy", "erase", "new")
        if "image_under_16" in scene.conversation.flags:
            return tuple(choice for choice in choices if choice != "add_links")
    return choices


def aside_offered(scene: Scene, name: str) -> tuple[str, ...]:
    """Return the ids of the buttons of a question put in between."""
    if name == "change":
        return changeable(scene)
    return CHOICES.get(name, ())


def changeable(scene: Scene) -> tuple[str, ...]:
    """Return the fields whose answer can be given again, as the present question offers them."""
    hidden = {"contact_detail"}  # asked again with the method it belongs to
    if scene.submitted:
        # What decides how a case may be handled at all is for a colleague to change, not for a button.
        hidden |= {"whose", "image_age", "links"}
    if "image_under_16" in scene.conversation.flags:
        hidden.add("links")
    return tuple(field for field in FIELDS if field not in hidden)


def ask_standing(scene: Scene) -> None:
    """Say what is to be answered next: the question put in between, else the step's own."""
    aside = aside_of(scene)
    if aside is None:
        if not scene.conversation.talking:
            _ask_step(scene)
        return
    name, argument = aside
    if name == "change":
        scene.says.append(
            Say(
                MessageId("ask.change"),
                {},
                tuple(Choice(field, field_label(field)) for field in changeable(scene)),
            )
        )
    elif name == "old_button":
        scene.ask("old_button.offer", "old_button", field=Label(field_label(argument)))
    elif name == "keep_text" and scene.conversation.instead is not None:
        scene.ask("keep_text.ask.edited", "keep_text", field=Label(field_label(scene.conversation.step)))
    elif name == "keep_text" and (links := int(argument.partition(":")[2])):
        scene.ask("keep_text.ask.links", "keep_text", n=links)
    elif name == "human" and not scene.reachable:
        scene.ask("human.ask.code", "human")
    elif name == "erase" and scene.conversation.case == "linked":
        scene.ask("erase.ask.submitted", "erase")
    elif name in CHOICES:
        scene.ask(ASIDES[name], name)
    else:
        scene.ask(ASIDES[name])


def _ask_step(scene: Scene) -> None:
    step = scene.conversation.step
    if step == "contact_detail":
        scene.ask(f"ask.contact_detail.{scene.conversation.detail}")
    elif step == "review":
        if not _stands_above(scene):
            _summarise(scene)
        scene.ask("ask.review", "review")
    elif step == "consent" and any(say.id == "consent.more" for say in scene.says):
        scene.ask("ask.consent.decide", "consent", ("agree", "decline"))
    elif step == "submitted":
        code = ".code" if scene.conversation.case == "code" else ""
        scene.ask(f"ask.submitted{code}", "submitted", offered(scene))
    else:
        several = STEP[step].takes in ("several", "safety")
        scene.ask(f"ask.{step}{_variant(scene)}", step if step in CHOICES else None, offered(scene), several)


def _variant(scene: Scene) -> str:
    """Return what tells apart the wording of a question that fits what was said before."""
    conversation = scene.conversation
    told = "story" in conversation.answered and "story" not in conversation.skipped
    if conversation.step == "story" and told and conversation.detail != "replace":
        return ".more"
    if conversation.step == "links" and conversation.links:
        return ".more"
    if conversation.step == "contact_safety" and not (scene.submitted or scene.reachable):
        return ".code"
    return ""


def _stands_above(scene: Scene) -> bool:
    """Whether the form was shown at the question before, and nothing but that question was met since."""
    before, now = scene.began, scene.conversation
    same = (before.step, before.aside, before.language, before.paused) == (
        "review",
        None,
        now.language,
        False,
    )
    return same and scene.heard.kind != "start"


def _summarise(scene: Scene) -> None:
    """Name what was answered and what was not, and count the links; never repeat an answer (P3)."""
    conversation = scene.conversation
    shown = [field for field in FIELDS if field in conversation.answered and field != "links"]
    answered = [field for field in shown if field not in conversation.skipped]
    # A way of being reached that needs no detail passes over it: that was not for the person to skip.
    skipped = [field for field in shown if field in conversation.skipped and field != "contact_detail"]
    scene.say("review.answered", fields=tuple(Label(field_label(field)) for field in answered))
    if skipped:
        scene.say("review.skipped", fields=tuple(Label(field_label(field)) for field in skipped))
    if "image_under_16" in conversation.flags:
        scene.say("review.links_not_collected")
    elif conversation.links:
        sites = len({mark.site for mark in conversation.links})
        scene.say("review.links", n=len(conversation.links), sites=sites)
    else:
        scene.say("review.no_links")
