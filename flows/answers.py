"""Reading the answer to the question that stands, and what it leads to.

Each `answer_…` reads one kind of answer (`Step.takes`) and returns whether it understood. What it
understood is sealed and the way followed; what it did not is for `flows.turn` to say kindly.
"""

from __future__ import annotations

from flows.asking import offered
from flows.choices import NEEDS_DETAIL
from flows.own_words import permitted
from flows.priority import flags_of_background, flags_of_content, flags_of_image_age
from flows.scene import Scene, choice_label, labels_of
from flows.understanding.ages import Age, read_age, read_image_age
from flows.understanding.choices import (
    only_agrees,
    only_denies,
    read_choice,
    read_choices,
    read_consent,
    would_rather_not,
)
from flows.understanding.commands import is_greeting, is_thanks
from flows.understanding.contacts import Problem, read_contact
from flows.understanding.names import read_name
from flows.understanding.safety import Safety, safety_from_choices, safety_from_text
from flows.vocabulary import CHINESE, ENGLISH, Consented, Label

CONSENT_VERSION = "2026-11-22.2"
"""The wording of `ask.consent` and `consent.more` that a person agrees to. Change it with them, in `locales/consents/` too."""

LONGEST_NAME = 80
"""Characters of `name`."""


def _one_of(scene: Scene) -> str | None:
    """Return the chosen id of a question with one answer."""
    if scene.pressed is not None:
        return scene.pressed[0] if len(scene.pressed) == 1 and scene.pressed[0] in offered(scene) else None
    step = scene.conversation.step
    if step == "age":
        read = read_age(scene.text, scene.today)
        return {Age.SIXTEEN_OR_ABOVE: "16_or_above", Age.UNDER_16: "under_16"}.get(read)
    if step == "image_age":
        return read_image_age(scene.text) or read_choice(scene.text, step)
    return read_choice(scene.text, step, offered(scene))


def answer_one(scene: Scene) -> bool:
    chosen = _one_of(scene)
    if chosen is None:
        return False
    step = scene.conversation.step
    if step == "language":
        scene.change(language=CHINESE if chosen == CHINESE else ENGLISH)
        scene.forward()
    elif step == "age":
        if chosen == "under_16":
            scene.end("under_16", "end.referred")
        else:
            scene.forward()
    elif step == "whose":
        _answer_whose(scene, chosen)
    elif step == "image_age":
        _answer_image_age(scene, chosen)
    elif step == "pronoun" and chosen == "self_described":
        scene.change(aside="pronoun_typed", misses=0)
    elif step == "contact_method":
        _answer_contact_method(scene, chosen)
    else:
        scene.seal(step, chosen)
        scene.say("got.choice", answer=Label(choice_label(step, chosen)))
        scene.forward()
    return True


def _answer_whose(scene: Scene, chosen: str) -> None:
    if chosen == "other":
        if {*scene.conversation.answered} - {"consent", "whose", None}:
            # There is something to lose, and a slip would lose it.
            scene.change(aside="third_party", misses=0)
        else:
            scene.end("third_party", "end.third_party")
        return
    scene.seal("whose", chosen)
    with_permission = chosen == "other_with_permission"
    scene.flag(
        off=["other_with_permission"],
        on=["other_with_permission"] if with_permission else [],
    )
    scene.say(f"got.whose.{chosen}")
    scene.forward()


def _answer_image_age(scene: Scene, chosen: str) -> None:
    scene.seal("image_age", chosen)
    scene.flag(off=["image_under_16", "image_age_unsure"], on=flags_of_image_age(chosen))
    if chosen == "no":
        if scene.conversation.links:
            # Links given before are not to be passed on either.
            scene.seal("links", [])
            scene.change(links=())
        scene.say("image_under_16")
    else:
        scene.say(f"got.image_age.{chosen}")
    scene.forward()


def _answer_contact_method(scene: Scene, chosen: str) -> None:
    scene.seal("contact_method", chosen)
    kind = NEEDS_DETAIL.get(chosen)
    scene.change(detail=kind)
    # Only this much of the answer decides what happens after submission.
    scene.flag(off=["this_chat"], on=["this_chat"] if chosen == "this_chat" else [])
    if kind is None and "contact_detail" in scene.conversation.answered:
        scene.seal("contact_detail", None)
    if chosen == "case_code":
        scene.say("got.contact_method.case_code")
    else:
        scene.say("got.choice", answer=Label(choice_label("contact_method", chosen)))
    scene.forward()


def answer_several(scene: Scene) -> bool:
    step = scene.conversation.step
    if scene.pressed is not None:
        wanted = set(scene.pressed)
        if not wanted or not wanted <= set(offered(scene)):
            return False
        chosen = tuple(choice for choice in offered(scene) if choice in wanted)
    else:
        read = read_choices(scene.text, step, offered(scene))
        if not read:
            return False
        chosen = read
    scene.seal(step, list(chosen))
    confirmed = "got.choices.content" if step == "content" else "got.choices"
    scene.say(confirmed, answers=labels_of(step, chosen))
    if step == "background":
        scene.flag(off=["threatened", "shared"], on=flags_of_background(chosen))
        if "threatened" in chosen and "threats" not in scene.conversation.told:
            scene.change(told=scene.conversation.told | {"threats"})
            scene.say("advice.threats")
    elif step == "content":
        scene.flag(off=["non_consensual_activity"], on=flags_of_content(chosen))
    scene.forward()
    return True


def answer_text(scene: Scene) -> bool:
    if would_rather_not(scene.text) or only_denies(scene.text):
        scene.skip()
        return True
    name = read_name(scene.text)
    if scene.is_caption or only_agrees(name) or is_greeting(name) or is_thanks(name):
        return False
    if not any(character.isalnum() for character in name):
        return False
    if len(name) > LONGEST_NAME:
        scene.say("name.too_long")
        return True
    if "/" in name:  # without one it is a name, such as A.Li
        name = permitted(scene, name)
        if not name:
            return True
    scene.seal(scene.conversation.step, name)
    scene.say("got.name", name=name)
    scene.forward()
    return True


def answer_consent(scene: Scene) -> bool:
    read = scene.pressed[0] if scene.pressed and len(scene.pressed) == 1 else None
    if scene.pressed is None:
        read = read_consent(scene.text)
    if read == "agree":
        if not scene.consented:
            language = scene.conversation.language or ENGLISH
            scene.records.append(Consented(CONSENT_VERSION, language))
            scene.change(case="draft")
            scene.counts.append("consented")
            scene.seal("consent", {"version": CONSENT_VERSION, "language": language, "at": _at(scene)})
        scene.say("got.consent")
        scene.forward()
    elif read == "decline":
        scene.end("declined", "end.declined")
    elif read == "more":
        scene.say("consent.more")
    else:
        return False
    return True


def answer_detail(scene: Scene) -> bool:
    kind = scene.conversation.detail
    if kind is None or kind == "replace" or not scene.text:
        return False
    read = read_contact(kind, scene.text)
    if isinstance(read, Problem) and scene.is_caption:
        return False
    if isinstance(read, Problem):
        scene.say(f"contact.problem.{read}")
        scene.change(misses=scene.conversation.misses + 1)
        if scene.conversation.misses % 2 == 0:
            scene.say("contact.problem.offer")
        return True
    scene.seal("contact_detail", read.value)
    scene.change(detail=None)
    scene.say("got.contact_detail", detail=read.shown)
    scene.forward()
    return True


def answer_safety(scene: Scene) -> bool:
    if scene.pressed is not None:
        if not scene.pressed or not set(scene.pressed) <= set(offered(scene)):
            return False
        safety = safety_from_choices(scene.pressed)
    elif would_rather_not(scene.text):
        scene.skip()
        return True
    elif only_denies(scene.text) or only_agrees(scene.text):
        # A bare "no" may say that it is never safe, and may not: neither is to be guessed.
        return False
    elif is_thanks(scene.text) or (
        # "Evening" greets, and answers too.
        is_greeting(scene.text) and read_choices(scene.text, "contact_safety", offered(scene)) is None
    ):
        return False
    elif any(character.isalnum() for character in scene.text):
        text = permitted(scene, scene.text)
        if not text:
            return True
        safety = safety_from_text(text)
        if scene.is_caption and safety.text is not None:
            return False
    else:
        return False
    scene.seal("contact_safety", _safety_value(safety))
    chosen = (*safety.times, *(("discreet_only",) if safety.discreet_only else ()))
    if safety.text is not None:
        scene.say("got.contact_safety.text", text=safety.text)
    else:
        scene.say("got.contact_safety", answers=labels_of("contact_safety", chosen))
    scene.forward()
    return True


def _safety_value(safety: Safety) -> dict[str, object]:
    return {"times": list(safety.times), "discreet_only": safety.discreet_only, "text": safety.text}


def _at(scene: Scene) -> str:
    return scene.now.isoformat(timespec="seconds")
