"""Coming back to a case by its code."""

from __future__ import annotations

from flows.asking import ask_standing
from flows.scene import Scene
from flows.understanding.codes import is_sound, read_case_code
from flows.vocabulary import CameBack, Conversation, StepId


def read_code(scene: Scene) -> bool:
    """Read a case code, where no case has begun yet."""
    if scene.consented or scene.pressed is not None:
        return False
    code = read_case_code(scene.text)
    if code is None:
        return False
    come_back(scene, code)
    return True


def come_back(scene: Scene, code: str) -> None:
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
