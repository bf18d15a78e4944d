"""Plays a conversation held as data: each turn on what was written down after the one before."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flows import memory
from flows.turn import turn
from flows.understanding.codes import case_code
from flows.vocabulary import Answered, CaseStatus, Conversation, Heard, Turn

HERE = Path(__file__).parent
BEGIN = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CODE = case_code("12345678901234")

# The buttons that lead from the greeting to each step, for conversations that are about a later one.
_WAY: tuple[tuple[str, str], ...] = (
    ("age", "LANGUAGE"),
    ("consent", "16_or_above"),
    ("whose", "agree"),
    ("image_age", "self"),
    ("pronoun", "yes"),
    ("name", "undisclosed"),
    ("contact_method", "SKIP"),
    ("contact_detail", "email"),
    ("contact_safety", "TEXT:somebody@example.com"),
    ("relationship", "any_time"),
    ("background", "unidentified"),
    ("content", "shared_without_knowledge"),
    ("story", "undisclosed"),
    ("links", "done"),
    ("review", "TEXT:https://example.com/a done"),
)


@dataclass
class OutsideForTests:
    """Fingerprints, references and codes that are the same in every run."""

    status: CaseStatus = field(default_factory=lambda: CaseStatus("queued"))
    colleague: datetime | None = None
    waiting: int = 0

    def fingerprint(self, text: str) -> str:
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]

    def reference(self) -> str:
        return "TD-4F7K"

    def case_code(self) -> str:
        return CODE

    def case_status(self) -> CaseStatus:
        return self.status

    def colleague_wrote_at(self) -> datetime | None:
        return self.colleague

    def waiting_by_code(self, code: str) -> int:
        return self.waiting


class Player:
    """One person in one chat. `conversation` is read back from its written form before every turn."""

    def __init__(self, channel: str = "web", reachable: bool = False) -> None:
        self.channel, self.reachable = channel, reachable
        self.now = BEGIN
        self.outside = OutsideForTests()
        self.stored: bytes | None = None
        self.turns: list[Turn] = []
        self.heard = 0

    @property
    def conversation(self) -> Conversation | None:
        return None if self.stored is None else memory.load(self.stored)

    def hear(self, text: str = "", *, minutes: float = 0.2, **what: Any) -> Turn:
        self.heard += 1
        self.now += timedelta(minutes=minutes)
        heard = Heard(
            self.channel, "somewhere", f"d{self.heard}", text=text, can_be_reached=self.reachable, **what
        )
        outcome = turn(self.conversation, heard, self.now, self.outside)
        # A reply is stored too, and must come back as it went.
        assert memory.load_reply(memory.dump_reply(outcome.reply)) == outcome.reply
        self.stored = None if outcome.conversation is None else memory.dump(outcome.conversation)
        self.turns.append(outcome)
        return outcome

    def reach(self, step: str, language: str = "en") -> None:
        """Go from nothing to a step, by buttons."""
        self.hear(kind="start")
        for leads_to, press in _WAY:
            if self.conversation is not None and self.conversation.step == step:
                return
            if press == "SKIP":
                self.hear("skip")
            elif press.startswith("TEXT:"):
                for part in press.removeprefix("TEXT:").split(" "):
                    self.hear(part)
            else:
                self.hear(choice=language if press == "LANGUAGE" else press)
            assert self.conversation is not None and self.conversation.step == leads_to, (leads_to, press)


@dataclass(frozen=True)
class Scripted:
    """A conversation in a data file."""

    path: Path
    data: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.path.relative_to(HERE).with_suffix(""))


def scripted() -> Iterator[Scripted]:
    for path in sorted(HERE.glob("**/*.toml")):
        yield Scripted(path, tomllib.loads(path.read_text()))


def new_player(script: Scripted) -> Player:
    channel = script.data.get("channel", "web")
    player = Player(channel, reachable=channel != "web")
    player.outside.waiting = script.data.get("waiting", 0)
    if "case" in script.data:
        player.outside.status = CaseStatus(**script.data["case"])
    if "reach" in script.data:
        player.reach(script.data["reach"], script.data.get("language", "en"))
    return player


def play_turn(player: Player, data: dict[str, Any]) -> Turn:
    what: dict[str, Any] = {}
    if "colleague" in data:
        player.outside.colleague = {"writes": player.now, "ends": None}[data["colleague"]]
    if "presses" in data:
        pressed = data["presses"]
        what |= {"choices": tuple(pressed)} if isinstance(pressed, list) else {"choice": pressed}
    if "under" in data:
        what["asked_at"] = data["under"]
    if "sends" in data:
        what["kind"] = data["sends"]
    return player.hear(data.get("hears", ""), minutes=data.get("after", 0.2), **what)


def observed(outcome: Turn) -> dict[str, Any]:
    """What a data file says of a turn: the texts, where it stands, what is recorded."""
    seen: dict[str, Any] = {
        "says": [str(say.id) for say in outcome.reply.says],
        "at": str(outcome.reply.step),
    }
    records = []
    for record in outcome.records:
        if isinstance(record, Answered):
            how = "+=" if record.how == "add" else "="
            records.append(f"{record.field} {how} {json.dumps(record.value, ensure_ascii=False)}")
        else:
            records.append(type(record).__name__)
    if records:
        seen["records"] = records
    return seen


def rewritten(script: Scripted) -> str:
    """The text of the data file as the conversation goes today, for somebody to review."""
    player = new_player(script)
    lines = [f"{key} = {_toml(value)}" for key, value in script.data.items() if key != "turn"]
    for data in script.data["turn"]:
        given = {
            key: data[key]
            for key in ("colleague", "after", "hears", "presses", "under", "sends")
            if key in data
        }
        lines += ["", "[[turn]]"]
        lines += [
            f"{key} = {_toml(value)}" for key, value in (given | observed(play_turn(player, data))).items()
        ]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list) and len(value) > 2:
        return "[\n" + "".join(f"    {_toml(inner)},\n" for inner in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)
