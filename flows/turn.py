"""One turn: what somebody wrote, where the conversation stands, and the time, in; what to say and record, out.

A pure function. The order in which a message is read is the order in which `hear` is written, and it
is a promise: danger is met before anything else, and a command before the answer is looked at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flows.asides import answer_aside, pass_over, pause
from flows.asking import ask_standing
from flows.coming_back import come_back, read_code
from flows.commands import obey
from flows.meeting import meet_danger, meet_under_16
from flows.misunderstanding import STORY_FROM, weight
from flows.reading import answer_step, read_answer
from flows.scene import Scene
from flows.talking import OBEYED, follow_talk, pass_on, show_standing, talk_on
from flows.trial import offer_edited, settle_trial, take_back, trial
from flows.understanding.ages import says_under_16
from flows.understanding.codes import read_case_code
from flows.understanding.commands import Asked, is_greeting, read_command
from flows.understanding.danger import read_danger
from flows.understanding.links import read_links
from flows.vocabulary import (
    CaseStatus,
    Conversation,
    Heard,
    Outside,
    Reply,
    StepId,
    Turn,
    Unlinked,
)

IDLE_AFTER = timedelta(minutes=30)
"""Silence after which the chat asks whether to go on, with nothing else on the screen (P3)."""

LONGEST_TEXT = 4000
"""Characters of one message. Source: the limits in `SECURITY.md`."""
LONGEST_LINKS = 16_000
"""Characters of one message where links are asked for: two hundred of them fit."""


def turn(conversation: Conversation | None, heard: Heard, now: datetime, outside: Outside) -> Turn:
    """Answer one message.

    Args:
        conversation: what was remembered of this person, or None for somebody new.
        heard: what they did; its text may be anything at all.
        now: the time, timezone-aware UTC. A message that was delivered late is answered as of when it was sent.
        outside: where fingerprints, the reference and the case code come from.
    """
    at = now if heard.sent_at is None else min(now, heard.sent_at)
    if heard.kind == "blocked":
        return _end(conversation, at)
    if conversation is None:
        scene = Scene(Conversation(), heard, at, outside)
        return _greet(scene) if _begins(scene) else _SILENCE
    scene = Scene(conversation, heard, at, outside)
    hear(scene)
    return scene.turn()


def standing(conversation: Conversation, heard: Heard, now: datetime) -> Reply:
    """Put the question that stands, changing nothing. No answer given before is in it (P3)."""
    scene = Scene(conversation, heard, now, _NOTHING_OUTSIDE)
    if conversation.paused:
        pause(scene)
    else:
        show_standing(scene)
    return scene.turn().reply


class _NothingOutside:
    """For a turn that draws and looks up nothing."""

    def fingerprint(self, text: str) -> str:
        raise AssertionError("a standing question needs no fingerprint")

    def reference(self) -> str:
        raise AssertionError("a standing question needs no reference")

    def case_code(self) -> str:
        raise AssertionError("a standing question needs no case code")

    def case_status(self) -> CaseStatus:
        raise AssertionError("a standing question tells no status")

    def colleague_wrote_at(self) -> datetime | None:
        raise AssertionError("a standing question begins and ends no talk")

    def waiting_by_code(self, code: str) -> int:
        raise AssertionError("a standing question reads no code")


_NOTHING_OUTSIDE = _NothingOutside()


_SILENCE = Turn(None, Reply((), StepId(""), None))


def _end(conversation: Conversation | None, at: datetime) -> Turn:
    """Forget a conversation, unless it was begun anew since; whatever was submitted stays."""
    if conversation is None:
        return _SILENCE
    if conversation.heard_at is not None and conversation.heard_at > at:
        return Turn(conversation, _SILENCE.reply)
    return Turn(None, _SILENCE.reply, (Unlinked(),))


def _begins(scene: Scene) -> bool:
    """Whether there is anything to answer where nothing is known of the person.

    A change to a message that is forgotten, or the wish to hear nothing more, is no wish for a conversation.
    """
    return scene.heard.kind not in ("edit", "revoke", "stop") or read_danger(scene.text) is not None


def _greet(scene: Scene) -> Turn:
    """Answer the first message of any kind: who this is, 999, and which language."""
    scene.counts.append("started")
    meet_danger(scene)
    scene.say("greeting")
    text = scene.text
    code = read_case_code(text)
    if code is not None:
        come_back(scene, code)
        return scene.turn()
    if scene.heard.kind not in ("start", "text", "edit"):
        scene.say(f"media.{scene.heard.kind}")
    if (
        text
        and not is_greeting(text)
        and read_command(text) is None
        and not scene.says[0].id.startswith("danger")
    ):
        scene.say("greeting.heard")
    ask_standing(scene)
    return scene.turn()


def hear(scene: Scene) -> None:
    """Read one message in a conversation that stands, and decide all that follows from it."""
    take_back(scene)
    on_trial = trial(scene)
    _hear(scene)
    settle_trial(scene, on_trial)


def _hear(scene: Scene) -> None:
    talk_is_over = follow_talk(scene)
    if scene.heard.kind == "stop":
        pause(scene)
        return
    if scene.heard.kind == "start":
        _show_again(scene)
        return
    if _is_too_long(scene):
        return
    if scene.heard.kind in ("edit", "revoke"):
        _meet_changed(scene)
        return
    if scene.heard.kind != "text":
        scene.say(f"media.{scene.heard.kind}")
        if not scene.text:
            ask_standing(scene)
            return
    asked = None if scene.pressed else read_command(scene.text)
    if scene.conversation.talking and asked is not None and asked.command not in OBEYED:
        asked = None
    if scene.conversation.paused:
        scene.change(paused=False)
        if asked is None or asked.command not in _TURNING_AWAY:
            scene.say("resume")
        if asked is None and _only_wakes(scene):
            ask_standing(scene)
            return
    elif talk_is_over:
        scene.say("talking.over")
    elif _was_idle(scene) and asked is None:
        if not meet_danger(scene):
            scene.change(aside="idle", misses=0)
            ask_standing(scene)
        return
    for_colleague = scene.pressed is None and (scene.conversation.talking or talk_is_over)
    if scene.pressed is None and meet_danger(scene):
        if for_colleague:
            pass_on(scene)
        return
    if talk_is_over and for_colleague and asked is None:
        # Written to somebody who is not here any more, so it is no answer to what the assistant asked.
        pass_on(scene)
        scene.say("got.message")
        ask_standing(scene)
        return
    if answer_aside(scene, may_type=asked is None):
        return
    if asked is not None and not _is_language_answer(scene, asked):
        obey(scene, asked)
        return
    if scene.conversation.talking:
        talk_on(scene)
        return
    if pass_over(scene):
        return
    if read_code(scene) or meet_under_16(scene):
        return
    read_answer(scene)


def _meet_changed(scene: Scene) -> None:
    """Meet a message that was changed or taken back after it was sent: of what was kept nothing changes by itself."""
    if meet_danger(scene) or meet_under_16(scene):
        return
    if _was_idle(scene):
        scene.change(aside="idle", misses=0)
    elif scene.heard.kind == "revoke" or not offer_edited(scene, answer_step):
        scene.say(f"media.{scene.heard.kind}")
    ask_standing(scene)


_TURNING_AWAY = frozenset({"stop", "erase", "restart", "exit"})
"""Commands that do not go on where the person stopped."""


def _only_wakes(scene: Scene) -> bool:
    """Whether the first words after a pause only end it.

    "Write anything to go on" is what we said: an "ok" written to that is no consent, and no answer to
    a question that may have stood for days. Words that say more are read as ever.
    """
    if scene.pressed is not None:
        return scene.pressed == ("continue",)
    text = scene.text
    return (
        weight(text) < STORY_FROM
        and not read_links(text).links
        and read_danger(text) is None
        and read_case_code(text) is None
        and not says_under_16(text, scene.today)
    )


def _show_again(scene: Scene) -> None:
    if scene.conversation.paused:
        scene.change(paused=False)
        scene.say("resume")
    show_standing(scene)


def _is_language_answer(scene: Scene, asked: Asked) -> bool:
    return (
        asked.command == "language" and scene.conversation.step == "language" and asked.language is not None
    )


def _is_too_long(scene: Scene) -> bool:
    longest = LONGEST_LINKS if scene.conversation.step == "links" else LONGEST_TEXT
    if len(scene.text) <= longest:
        return False
    scene.text = scene.text[:longest]
    meet_danger(scene, asking=False)
    scene.say("too_long", limit=longest)
    ask_standing(scene)
    return True


def _was_idle(scene: Scene) -> bool:
    """Whether the silence before this message was so long that another hand may hold the phone."""
    conversation = scene.conversation
    if conversation.heard_at is None or scene.now - conversation.heard_at < IDLE_AFTER:
        return False
    if conversation.aside == "idle" or conversation.talking:
        return False
    return conversation.step != "submitted" and (scene.consented or conversation.step != "language")
