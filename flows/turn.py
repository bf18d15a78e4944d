"""One turn: what somebody wrote, where the conversation stands, and the time, in; what to say and record, out.

A pure function. The order in which a message is read is the order in which `hear` is written, and it
is a promise: danger is met before anything else, and a command before the answer is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flows.answers import (
    answer_consent,
    answer_detail,
    answer_links,
    answer_one,
    answer_safety,
    answer_several,
    answer_story,
    answer_text,
)
from flows.asides import answer_aside, pass_over, pause, settle_trial, trial
from flows.asking import aside_of, ask_standing, offered
from flows.commands import obey
from flows.handing_over import answer_menu, offer_change
from flows.misunderstanding import STORY_FROM, meet_misunderstanding, weight
from flows.scene import Scene
from flows.steps import BEFORE_CONSENT, STEPS, Takes
from flows.talking import OBEYED, follow_talk, pass_on, show_standing, talk_on
from flows.understanding.ages import says_under_16
from flows.understanding.codes import is_sound, read_case_code
from flows.understanding.commands import Asked, is_greeting, read_command
from flows.understanding.danger import read_danger
from flows.understanding.links import read_links
from flows.vocabulary import (
    CameBack,
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
"""Characters of one message (`threat-model.md`, section 9)."""
LONGEST_LINKS = 16_000
"""Characters of one message where links are asked for: two hundred of them fit."""

_READERS: dict[Takes, Callable[[Scene], bool]] = {
    "one": answer_one,
    "several": answer_several,
    "text": answer_text,
    "consent": answer_consent,
    "detail": answer_detail,
    "safety": answer_safety,
    "story": answer_story,
    "links": answer_links,
    "menu": answer_menu,
}

# Steps at which any text is an answer, also one that tells of danger or of being under 16.
_FREE_TEXT = frozenset({"contact_safety", "story", "links"})


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
    _meet_danger(scene)
    scene.say("greeting")
    text = scene.text
    code = read_case_code(text)
    if code is not None:
        _come_back(scene, code)
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
        # Which answer it was cannot be told: the words that were kept cannot be read here.
        if not _meet_danger(scene):
            scene.say(f"media.{scene.heard.kind}")
            ask_standing(scene)
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
        if not _meet_danger(scene):
            scene.change(aside="idle", misses=0)
            ask_standing(scene)
        return
    for_colleague = scene.pressed is None and (scene.conversation.talking or talk_is_over)
    if scene.pressed is None and _meet_danger(scene):
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
    if _read_code(scene) or _meet_under_16(scene):
        return
    _read_answer(scene)


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


def _read_answer(scene: Scene) -> None:
    if scene.pressed is not None and _is_old_button(scene):
        return
    if _READERS[scene.step.takes](scene):
        # A choice of "another way" and the like stands as a question of its own.
        if scene.ended_at is None:
            ask_standing(scene)
        return
    meet_misunderstanding(scene)


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
    _meet_danger(scene, asking=False)
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


# ------------------------------------------------------------------ danger, and being under 16


def _meet_danger(scene: Scene, asking: bool = True) -> bool:
    """Meet words of danger with care and numbers. Return True where that is the whole turn.

    A text that is itself the answer (a story, when it is safe to call) is kept as one; otherwise
    nothing of what was written is. Whether it was said at all is remembered only by the person's yes.
    """
    danger = read_danger(scene.text) if scene.text else None
    if danger is None:
        return False
    again = (aside := aside_of(scene)) is not None and aside[0] == "danger"
    if again or "danger" in scene.conversation.flags:
        scene.say("danger.again")
        if again and asking and scene.conversation.step not in _FREE_TEXT:
            ask_standing(scene)
            return True
        return False
    scene.say(f"danger.{danger}")
    if not asking or scene.conversation.language is None:
        return False
    if scene.consented:
        if scene.conversation.step in _FREE_TEXT and scene.conversation.aside is None:
            _READERS[scene.step.takes](scene)
        scene.change(aside="danger", misses=0)
    ask_standing(scene)
    return True


def _meet_under_16(scene: Scene) -> bool:
    """Ask somebody to confirm who says in passing that they are under 16."""
    if scene.pressed is not None or scene.conversation.step in ("language", "age"):
        return False
    if not says_under_16(scene.text, scene.today):
        return False
    if scene.conversation.step in _FREE_TEXT and scene.consented:
        _READERS[scene.step.takes](scene)
    scene.change(aside="under_16", misses=0)
    ask_standing(scene)
    return True


# ------------------------------------------------------------------ coming back


def _read_code(scene: Scene) -> bool:
    """Read a case code, where no case has begun yet."""
    if scene.consented or scene.pressed is not None:
        return False
    code = read_case_code(scene.text)
    if code is None:
        return False
    _come_back(scene, code)
    return True


def _come_back(scene: Scene, code: str) -> None:
    """Go on with the case of a code. Right or wrong, the words are the same (P5); a slip can be told apart."""
    if not is_sound(code):
        scene.say("code.slip")
        ask_standing(scene)
        return
    scene.records.append(CameBack(code))
    language = scene.conversation.language
    scene.conversation = Conversation(step=StepId("submitted"), language=language, case="code")
    waiting = scene.outside.waiting_by_code(code)
    if waiting:
        scene.say("code.accepted.waiting", n=waiting)
    else:
        scene.say("code.accepted")
    ask_standing(scene)


# ------------------------------------------------------------------ old buttons


def _is_old_button(scene: Scene) -> bool:
    """Meet a button pressed late: nothing changes, and the earlier answer may be changed on purpose."""
    conversation, pressed = scene.conversation, scene.pressed or ()
    asked_at = scene.heard.asked_at
    fits = set(pressed) <= set(offered(scene)) and bool(pressed)
    if fits and asked_at in (None, conversation.step):
        return False
    before = (
        [asked_at]
        if asked_at
        else [step.id for step in STEPS if set(pressed) <= set(offered_at(scene, step.id))]
    )
    for step in before:
        if step in conversation.answered and step not in BEFORE_CONSENT and not scene.submitted:
            offer_change(scene, step)
            ask_standing(scene)
            return True
    scene.say("old_button")
    ask_standing(scene)
    return True


def offered_at(scene: Scene, step: str) -> tuple[str, ...]:
    """Return the buttons that stand under the question of another step."""
    return offered(
        Scene(scene.conversation.but(step=step, aside=None), scene.heard, scene.now, scene.outside)
    )
