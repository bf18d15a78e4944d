"""What the words do that work at every step: help, back, skip, why, language, human, stop, erase, restart."""

from __future__ import annotations

from collections.abc import Callable

from flows.asides import pause, without_links
from flows.asking import aside_of, ask_standing
from flows.handing_over import ask_to_erase
from flows.scene import Scene
from flows.steps import STEPS
from flows.understanding.commands import Asked, Command
from flows.vocabulary import CHINESE, ENGLISH, Raised, StepId


def obey(scene: Scene, asked: Asked) -> None:
    """Do what was asked for, and put the standing question again where it still stands."""
    if asked.command == "language":
        _language(scene, asked)
    else:
        _DO[asked.command](scene)


def _help(scene: Scene) -> None:
    scene.say("help.submitted" if scene.submitted else "help")
    ask_standing(scene)


def _language(scene: Scene, asked: Asked) -> None:
    other = ENGLISH if scene.conversation.language == CHINESE else CHINESE
    scene.change(language=asked.language or other)
    if scene.conversation.step == "language":
        # The word for a language is also the answer to this question.
        scene.forward()
    else:
        scene.say("language.switched")
    ask_standing(scene)


def _why(scene: Scene) -> None:
    scene.say(f"why.{scene.conversation.step}")
    ask_standing(scene)


def _back(scene: Scene) -> None:
    conversation = scene.conversation
    if conversation.aside is not None:
        _leave_aside(scene)
    elif conversation.return_to is not None:
        scene.change(step=conversation.return_to, return_to=None, detail=None, misses=0)
    elif conversation.step == "language":
        scene.say("back.first")
    elif scene.submitted:
        scene.say("back.submitted")
    else:
        scene.change(step=_before(scene), detail=None, misses=0)
    ask_standing(scene)


def _before(scene: Scene) -> StepId:
    order = [step.id for step in STEPS]
    step = order[order.index(scene.conversation.step) - 1]
    if step == "contact_detail":
        # Which detail to ask for is not remembered: the method is asked again, and leads there.
        return StepId("contact_method")
    if step == "links" and "image_under_16" in scene.conversation.flags:
        return StepId("story")
    return step


def _leave_aside(scene: Scene) -> None:
    from_trial = aside_of(scene)
    if from_trial is not None and from_trial[0] == "no_links_where":
        scene.change(aside="no_links", misses=0)
    else:
        scene.change(aside=None, misses=0)


def _skip(scene: Scene) -> None:
    conversation = scene.conversation
    if scene.step.required and conversation.aside in (None, "old_button"):
        scene.say("skip.required")
        scene.say(f"why.{conversation.step}")
    elif scene.step.required or conversation.aside not in (
        None,
        "no_links",
        "no_links_where",
        "pronoun_typed",
    ):
        # A question put in between is not one of the form: it is simply left.
        _leave_aside(scene)
    elif conversation.aside == "no_links_where":
        without_links(scene, "private_group", None)
        return
    else:
        scene.skip()
    ask_standing(scene)


def _human(scene: Scene) -> None:
    if not scene.consented:
        scene.say("human.early")
    elif scene.submitted:
        scene.records.append(Raised("human"))
        scene.say("human.noted")
    else:
        scene.change(aside="human", misses=0)
    ask_standing(scene)


def _stop(scene: Scene) -> None:
    pause(scene)


def _erase(scene: Scene) -> None:
    ask_to_erase(scene)
    ask_standing(scene)


def _restart(scene: Scene) -> None:
    scene.change(aside="new" if scene.submitted else "restart", misses=0)
    ask_standing(scene)


def _exit(scene: Scene) -> None:
    scene.say("exit.web" if scene.heard.channel == "web" else "exit.chat")
    scene.say(f"clear.{scene.heard.channel}")
    ask_standing(scene)


_DO: dict[Command, Callable[[Scene], None]] = {
    "help": _help,
    "back": _back,
    "skip": _skip,
    "why": _why,
    "human": _human,
    "stop": _stop,
    "erase": _erase,
    "restart": _restart,
    "exit": _exit,
}
