"""What a colleague wrote goes out in the channel's own messages, once, and only when it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errands import GiveUp, TryAgain
from bot.letters import FIRST, Post, with_letters
from locales import Words
from settings import Settings, read_settings
from storage.errands import Errand
from storage.errors import StateUnreadable
from storage.outbox import DELIVER, Addressed, ChatEnded, Letter

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ID = b"i" * 16
SAID = "canary-of-a-colleague"
TWILIO = "whatsapp:+85291234567"
KINDS = {
    ("whatsapp", TWILIO): "twilio.send",
    ("whatsapp", "85291234567"): "cloud.send",
    ("telegram", "77"): "telegram.send",
}


@dataclass
class Outbox:
    """The letters, as far as delivering knows them."""

    addressed_to: Addressed | None
    marked: list[str] = field(default_factory=list)
    never: Exception | None = None
    """Why it can never arrive."""

    def addressed(self, letter_id: bytes, now: datetime) -> Addressed | None:
        assert (letter_id, now) == (ID, NOW)
        if self.never:
            raise self.never
        return self.addressed_to

    def mark(self, letter_ids: Sequence[bytes], state: str, now: datetime) -> None:
        assert (list(letter_ids), now) == ([ID], NOW)
        self.marked.append(state)


@dataclass
class Sent:
    """What was sent at once, and what is kept for later."""

    outbox: Outbox
    now: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    later: list[Errand] = field(default_factory=list)
    refuses: Exception | None = None

    def run(self, kind: str, letter: Mapping[str, Any]) -> None:
        self.now.append((kind, letter))
        if self.refuses:
            raise self.refuses

    def deliver(self) -> None:
        """Run the errand of the letter."""

        def runner(kind: str) -> Any:
            return lambda _, letter: self.run(kind, letter)

        post = Post(self.outbox, Words.load(), self.later.extend, lambda: NOW)  # type: ignore[arg-type]
        with_letters({kind: runner(kind) for kind in KINDS.values()}, settings(), lambda: post)[DELIVER](
            ID.hex(), {}
        )


def settings() -> Settings:
    secret = "x" * 32
    return read_settings(
        {
            "TADA_HOME": "/nowhere",
            "TADA_PUBLIC_URL": "https://chat.example.org",
            "TADA_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TADA_TWILIO_AUTH_TOKEN": "0" * 32,
            "TADA_TWILIO_NUMBER": "+14155238886",
            "TADA_TELEGRAM_TOKEN": f"123456:{secret}abc",
            "TADA_TELEGRAM_SECRET": secret,
            "TADA_CLOUD_ACCESS_TOKEN": secret,
            "TADA_CLOUD_APP_SECRET": "0" * 32,
            "TADA_CLOUD_VERIFY_TOKEN": secret,
            "TADA_CLOUD_PHONE_NUMBER_ID": "1234567",
        }
    )


def to(channel: str = "telegram", address: str = "77", text: str = SAID, **more: Any) -> Sent:
    """A letter on its way there; the person wrote a minute ago."""
    told: dict[str, Any] = {"language": "en", "heard_at": NOW - timedelta(minutes=1)} | more
    return Sent(Outbox(Addressed(Letter(ID, NOW, text), channel, address, **told)))


@pytest.mark.parametrize(("channel", "address"), KINDS)
@pytest.mark.parametrize("language", ["en", "zh_Hant_HK"])
def test_each_channel_sends_it_itself_after_a_neutral_first_line(
    channel: str, address: str, language: str
) -> None:
    sent = to(channel, address, language=language)
    sent.deliver()
    ((kind, letter),) = sent.now
    assert kind == KINDS[channel, address]
    first = Words.load().say(language, FIRST)  # type: ignore[arg-type]
    assert f"{first}\n\n{SAID}" in (
        str(letter.get("text")),
        str(letter.get("content", {}).get("text", {}).get("body")),
    )
    assert sent.outbox.marked == ["sent"]
    assert sent.later == []


def test_twilio_is_told_which_letter_its_news_are_about() -> None:
    sent = to("whatsapp", TWILIO)
    sent.deliver()
    assert sent.now[0][1]["status_url"].endswith(f"/webhooks/whatsapp/status?letter={ID.hex()}")


def test_meta_is_given_the_letter_to_name_in_its_news() -> None:
    sent = to("whatsapp", "85291234567", text="a word " * 1_200)
    sent.deliver()
    assert {letter["about"] for letter in (sent.now[0][1], *(each.letter or {} for each in sent.later))} == {
        ID.hex()
    }


def test_the_parts_of_a_long_letter_follow_in_their_order() -> None:
    sent = to(text="a word " * 1_200)
    sent.deliver()
    assert len(sent.now) == 1
    assert [errand.kind for errand in sent.later] == ["telegram.send"] * len(sent.later)
    assert sent.later
    assert {errand.to for errand in sent.later} == {"77"}


@pytest.mark.parametrize(
    ("channel", "heard", "goes"),
    [
        ("whatsapp", timedelta(hours=24, seconds=-1), True),
        ("whatsapp", timedelta(hours=24), False),
        ("telegram", timedelta(days=9), True),
    ],
)
def test_on_whatsapp_it_waits_once_a_day_is_over(channel: str, heard: timedelta, goes: bool) -> None:
    address = {"whatsapp": TWILIO, "telegram": "77"}[channel]
    sent = to(channel, address, heard_at=NOW - heard)
    sent.deliver()
    assert bool(sent.now) is goes
    assert sent.outbox.marked == (["sent"] if goes else [])


def test_who_asked_to_stop_gets_nothing_before_they_write_again() -> None:
    sent = to(paused=True)
    sent.deliver()
    assert (sent.now, sent.outbox.marked) == ([], [])


@pytest.mark.parametrize("code", ["63016", "131047"])
def test_where_the_provider_wants_the_person_to_write_first_it_waits(code: str) -> None:
    sent = to()
    sent.refuses = GiveUp(code)
    sent.deliver()
    assert sent.outbox.marked == []


def test_what_can_never_arrive_is_told_as_failed() -> None:
    sent = to()
    sent.refuses = GiveUp("403")
    with pytest.raises(GiveUp):
        sent.deliver()
    assert sent.outbox.marked == ["failed"]


def test_what_cannot_be_sent_now_is_tried_again_and_stays_as_it_is() -> None:
    sent = to(text="a word " * 1_200)
    sent.refuses = TryAgain("timeout")
    with pytest.raises(TryAgain):
        sent.deliver()
    assert (sent.outbox.marked, sent.later) == ([], [])


def test_what_is_gone_sent_or_fetched_is_done() -> None:
    for sent in (Sent(Outbox(None)), to("terminal", "me")):
        sent.deliver()
        assert (sent.now, sent.outbox.marked) == ([], [])


def test_what_cannot_be_opened_is_told_as_failed() -> None:
    sent = Sent(Outbox(None, never=StateUnreadable("a letter")))
    with pytest.raises(GiveUp):
        sent.deliver()
    assert sent.outbox.marked == ["failed"]


def test_what_was_written_to_a_chat_that_is_forgotten_is_told_as_failed() -> None:
    sent = Sent(Outbox(None, never=ChatEnded()))
    sent.deliver()
    assert (sent.now, sent.outbox.marked) == ([], ["failed"])


def test_without_a_provider_there_is_nothing_to_deliver_with() -> None:
    assert with_letters({}, settings(), lambda: pytest.fail("not asked for")) == {}
