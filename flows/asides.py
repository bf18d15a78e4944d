"""Answers to a question put in between, and what happens when it is passed over.

`conversation.aside` names the question; it may carry what it is about after a colon.
"""

from __future__ import annotations

from flows.asking import aside_of, aside_offered, ask_standing
from flows.handing_over import begin_anew, change_answer, hand_over_early
from flows.own_words import offer_hash_tools, permitted
from flows.scene import Scene, choice_label
from flows.trial import answer_trial
from flows.understanding.choices import read_choice
from flows.vocabulary import Erased, Label, Raised

# Asked again until they are answered: going past them unanswered could destroy something, or let
# somebody under 16 through.
_INSISTENT = frozenset({"erase", "restart", "new", "third_party", "under_16", "idle"})
_TYPED = frozenset({"no_links_where", "pronoun_typed"})

GIVES_UP_AFTER = 2
"""Unclear answers to "erase everything?" after which nothing is erased and the question goes away."""

LONGEST_TYPED = 500
"""Characters of a described place or a typed pronoun."""


def answer_aside(scene: Scene, may_type: bool = True) -> bool:
    """Read the answer to the question put in between. Return False where the text is something else.

    Args:
        scene: the turn.
        may_type: whether the text may be a typed answer; a command is none.
    """
    aside = aside_of(scene)
    if aside is None:
        return False
    name, argument = aside
    chosen = _chosen(scene, name)
    if chosen is not None:
        _DO[name](scene, chosen, argument)
        return True
    if may_type and name in _TYPED and scene.pressed is None and any(c.isalnum() for c in scene.text):
        _typed(scene, name)
        return True
    return False


def pass_over(scene: Scene) -> bool:
    """What was heard is not an answer. Return True where the question goes on being asked."""
    aside = aside_of(scene)
    if aside is None:
        return False
    name, _ = aside
    if name in _INSISTENT:
        if name == "erase" and scene.conversation.misses + 1 >= GIVES_UP_AFTER:
            scene.change(aside=None, misses=0)
            scene.say("erase.kept")
        else:
            scene.change(misses=scene.conversation.misses + 1)
            if name != "idle" and not scene.is_caption:
                scene.say("not_understood.1")
        ask_standing(scene)
        return True
    if name in ("no_links", "change") and scene.pressed is None:
        return False
    scene.change(aside=None)
    return False


def _chosen(scene: Scene, name: str) -> str | None:
    offered = aside_offered(scene, name)
    if not offered:
        return None
    if scene.pressed is not None:
        # A button of an earlier question answers nothing that was put since, least of all "erase everything?".
        of_another = scene.heard.asked_at not in (None, scene.conversation.step, scene.standing)
        fits = len(scene.pressed) == 1 and scene.pressed[0] in offered and not of_another
        return scene.pressed[0] if fits else None
    return read_choice(scene.text, name, offered)


def _erase(scene: Scene, chosen: str, _: str) -> None:
    if chosen == "no":
        scene.change(aside=None, misses=0)
        scene.say("erase.kept")
        ask_standing(scene)
    elif _is_worked_on(scene):
        # Somebody is at work on it, and may have duties of their own before it goes.
        scene.records.append(Raised("erase"))
        scene.change(aside=None, misses=0)
        scene.say("erase.raised")
        ask_standing(scene)
    else:
        linked = scene.conversation.case == "linked"
        scene.end("erased", "erased.case" if linked else "end.erased")
        # What stands on her own phone is not ours to erase.
        scene.say(f"clear.{scene.heard.channel}")


def _is_worked_on(scene: Scene) -> bool:
    return scene.conversation.case == "linked" and scene.outside.case_status().state != "queued"


def _restart(scene: Scene, chosen: str, _: str) -> None:
    if chosen == "no":
        scene.change(aside=None, misses=0)
        scene.say("restart.kept")
    elif scene.conversation.case == "draft":
        scene.records.append(Erased())
        begin_anew(scene, "restart.begins")
    else:
        begin_anew(scene, "new.begins")
    ask_standing(scene)


def _third_party(scene: Scene, chosen: str, _: str) -> None:
    if chosen == "yes":
        scene.end("third_party", "end.third_party")
        return
    scene.change(aside=None, misses=0)
    ask_standing(scene)


def _under_16(scene: Scene, chosen: str, _: str) -> None:
    if chosen == "no":
        scene.change(aside=None, misses=0)
        scene.say("under_16.kept")
        ask_standing(scene)
        return
    if scene.conversation.case == "code" or _is_worked_on(scene):
        # The case is not this chat's to destroy; whoever has it is told, and so is the person.
        scene.records.append(Raised("under_16"))
        scene.say("under_16.raised")
        scene.change(aside=None, misses=0)
        ask_standing(scene)
        return
    scene.end("under_16", "end.referred")


def _danger(scene: Scene, chosen: str, _: str) -> None:
    scene.change(aside=None, misses=0)
    if chosen == "mark":
        scene.flag(on=["danger"])
        if scene.submitted:
            scene.records.append(Raised("danger"))
        scene.say("danger.marked")
    elif chosen == "pause":
        pause(scene)
        return
    else:
        scene.say("danger.go_on")
    ask_standing(scene)


def pause(scene: Scene) -> None:
    """Stop for now. Nothing is sent until the person writes again."""
    scene.change(paused=True, aside=None, misses=0)
    if not scene.consented:
        message = "end.paused.early"
    elif scene.submitted:
        message = "end.paused.submitted"
    else:
        message = "end.paused" if scene.heard.can_be_reached else "end.paused.web"
    scene.ask(message, "idle", ("continue",))


def _human(scene: Scene, chosen: str, _: str) -> None:
    scene.change(aside=None, misses=0)
    if chosen == "hand_over":
        hand_over_early(scene)
    else:
        scene.flag(on=["human"])
        scene.say("human.flagged")
        ask_standing(scene)


def _idle(scene: Scene, chosen: str, _: str) -> None:
    scene.change(aside=None, misses=0)
    if chosen == "stop":
        pause(scene)
        return
    if chosen == "restart":
        scene.change(aside="restart")
    else:
        scene.say("resume")
    ask_standing(scene)


def _old_button(scene: Scene, chosen: str, argument: str) -> None:
    scene.change(aside=None, misses=0)
    if chosen == "change":
        change_answer(scene, argument)
    ask_standing(scene)


def _no_links(scene: Scene, chosen: str, _: str) -> None:
    if chosen == "private_group":
        scene.change(aside="no_links_where", misses=0)
        ask_standing(scene)
        return
    without_links(scene, chosen, None)


def _typed(scene: Scene, name: str) -> None:
    text = scene.text[:LONGEST_TYPED]
    if name == "no_links_where":
        without_links(scene, "private_group", text)
        return
    text = permitted(scene, text)
    if text:
        scene.seal("pronoun", text)
        scene.say("got.choice", answer=text)
        scene.forward()
    ask_standing(scene)


def without_links(scene: Scene, reason: str, where: str | None) -> None:
    """Seal why there is no link, and where it is in the person's words, and go on."""
    scene.seal("links", [])
    scene.seal("no_links", {"reason": reason, "where": where})
    scene.say("got.no_links", answer=Label(choice_label("no_links", reason)))
    if reason in ("threat_only", "already_removed") or "threatened" in scene.conversation.flags:
        offer_hash_tools(scene)
    scene.forward()
    ask_standing(scene)


def _change(scene: Scene, chosen: str, _: str) -> None:
    change_answer(scene, chosen)
    ask_standing(scene)


_DO = {
    "erase": _erase,
    "restart": _restart,
    "new": _restart,
    "third_party": _third_party,
    "under_16": _under_16,
    "danger": _danger,
    "human": _human,
    "idle": _idle,
    "keep_text": answer_trial,
    "old_button": _old_button,
    "no_links": _no_links,
    "change": _change,
}
