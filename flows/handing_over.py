"""The review, the handing over to the queue, and the menu of a case that is there."""

from __future__ import annotations

from flows.asking import offered
from flows.priority import priority
from flows.scene import Scene
from flows.understanding.choices import read_choice
from flows.understanding.codes import in_groups
from flows.vocabulary import Conversation, Detail, Raised, StepId, Submitted, Unlinked

# Flags that only steer the conversation, and say nothing a caseworker needs.
_INTERNAL = frozenset({"shared", "this_chat"})


def answer_menu(scene: Scene) -> bool:
    """Read a choice at `review` or `submitted`, and do it."""
    if scene.pressed is not None:
        chosen = scene.pressed[0] if len(scene.pressed) == 1 else None
    else:
        chosen = read_choice(scene.text, scene.conversation.step, offered(scene))
    if chosen not in offered(scene):
        return False
    if chosen == "submit":
        submit(scene)
    elif chosen in ("change", "correct"):
        scene.change(aside="change", misses=0)
    elif chosen == "erase":
        ask_to_erase(scene)
    elif chosen == "add_links":
        scene.change(step=StepId("links"), return_to=StepId("submitted"), aside=None, misses=0)
    elif chosen == "copy":
        scene.records.append(Raised("copy"))
        scene.say("copy.noted")
    elif chosen == "status":
        tell_status(scene)
    elif chosen == "unlink":
        unlink(scene)
    else:
        scene.change(aside="new", misses=0)
    return True


def change_answer(scene: Scene, field: str) -> None:
    """Ask a question again, and come back after its answer.

    From a menu the way back is remembered; from the middle of the form the table leads on to the
    first question that is still open, which is where the person was.
    """
    step = scene.conversation.step
    back_to = step if step in ("review", "submitted") else None
    # A story that is told again takes the place of the one before; another field does so anyway.
    detail: Detail | None = "replace" if field == "story" else None
    scene.change(step=StepId(field), return_to=back_to, aside=None, detail=detail, misses=0)


def submit(scene: Scene) -> None:
    """Hand the case over. From here on nothing of it can be read by this side."""
    conversation = scene.conversation
    rank, reason = priority(conversation.flags, len(conversation.links))
    reference, code = scene.outside.reference(), scene.outside.case_code()
    linked = "this_chat" in conversation.flags
    scene.records.append(
        Submitted(
            reference=reference,
            case_code=code,
            priority=rank,
            reason=reason,
            flags=tuple(sorted(conversation.flags - _INTERNAL)),
            platforms=tuple(mark.platform for mark in conversation.links),
            linked=linked,
        )
    )
    scene.counts.append("submitted")
    scene.say("submitted", reference=reference)
    scene.say("submitted.code", code=in_groups(code))
    if linked:
        scene.say("submitted.linked")
    else:
        scene.say("submitted.unlinked" if scene.reachable else "submitted.by_code")
    if "image_under_16" in conversation.flags:
        scene.say("submitted.contact_only")
    scene.say(f"clear.{scene.heard.channel}")
    if linked:
        scene.conversation = _after_submission(conversation)
    else:
        scene.leave("submitted")


def _after_submission(conversation: Conversation) -> Conversation:
    """Return what a linked chat remembers: enough to tell a second link apart, and no way taken."""
    return Conversation(
        step=StepId("submitted"),
        language=conversation.language,
        flags=conversation.flags & {"image_under_16"},
        links=conversation.links,
        told=conversation.told,
        case="linked",
    )


def hand_over_early(scene: Scene) -> None:
    """Submit what there is, because a person is wanted now. Whoever cannot be reached comes back by code."""
    scene.flag(on=["human"])
    if "contact_method" not in scene.conversation.answered or _detail_is_missing(scene):
        method = "this_chat" if scene.heard.can_be_reached else "case_code"
        scene.seal("contact_method", method)
        scene.flag(off=["this_chat"], on=["this_chat"] if method == "this_chat" else [])
    submit(scene)


def _detail_is_missing(scene: Scene) -> bool:
    return scene.conversation.detail in ("phone", "telegram", "email")


def ask_to_erase(scene: Scene) -> None:
    """Ask for the one confirmation; a case that somebody works on, or a code, can only pass it on."""
    if scene.conversation.case == "code":
        scene.records.append(Raised("erase"))
        scene.say("erase.code")
        return
    scene.change(aside="erase", misses=0)


def tell_status(scene: Scene) -> None:
    """Say how far the case is: received, taken up, and how many links; never which."""
    status = scene.outside.case_status()
    scene.say(f"status.{status.state}")
    if status.reported or status.removed:
        scene.say("status.links", reported=status.reported, removed=status.removed, open=status.open)


def unlink(scene: Scene) -> None:
    """Forget this chat; the case stays, and its code stays the way back."""
    scene.records.append(Unlinked())
    scene.say("unlinked")
    scene.say(f"clear.{scene.heard.channel}")
    scene.leave("submitted")


def begin_anew(scene: Scene, message: str) -> None:
    """Start another report in this chat, with `message`. A case handed over stays, and is reached by its code."""
    if scene.submitted:
        scene.records.append(Unlinked())
    scene.say(message)
    scene.conversation = Conversation(step=StepId("age"), language=scene.conversation.language)


def offer_change(scene: Scene, field: str) -> None:
    """A button of an earlier question was pressed: nothing changed, but that answer can be."""
    scene.say("old_button")
    scene.change(aside=f"old_button:{field}", misses=0)
