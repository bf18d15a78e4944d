"""What is heard in what Twilio posts."""

from __future__ import annotations

import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from bot.whatsapp.reading import address_of, read_message, read_status
from flows.vocabulary import Heard

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text())["message"]
SID = "SM" + "ab" * 16
ADDRESS = "whatsapp:HK.13491208655302741918"

_DROPPED = {
    "ProfileName": "canary",
    "WaId": "85200000001",
    "ChannelMetadata": '{"canary": true}',
    "FromCity": "canary",
}


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["label"])
def test_a_message_is_heard_as_the_table_says(message: dict[str, Any]) -> None:
    form = MultiDict({"MessageSid": SID, "NumMedia": "0", **_DROPPED, **message["form"]})
    came = read_message(form, ADDRESS, ADDRESS, "a signature")
    if "heard" not in message:
        assert came.heard is None
        return
    expected = Heard("whatsapp", ADDRESS, SID, can_be_reached=True, **message["heard"])
    assert came.heard == expected
    assert "canary" not in str(asdict(came))


def test_media_are_deleted_at_once_and_the_message_when_twilio_allows_it() -> None:
    path = f"https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/{SID}/Media/ME"
    media = {f"MediaUrl{n}": path + f"{n}" * 32 for n in range(3)} | {"MediaUrl3": "https://evil.example/x"}
    came = read_message(MultiDict({"MessageSid": SID, "NumMedia": "4", **media}), ADDRESS, ADDRESS, "")
    of_media = [(each.subject, each.after.total_seconds()) for each in came.copies[:-1]]
    assert of_media == [(f"{SID}/ME{f'{n}' * 32}", 0) for n in range(3)]
    assert came.copies[-1].subject == SID
    assert came.copies[-1].after.total_seconds() >= 60
    assert all(each.letter is None for each in came.copies)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"From": "whatsapp:+1", "ExternalUserId": "whatsapp:HK.1"}, ("whatsapp:HK.1", "whatsapp:+1")),
        ({"From": "whatsapp:HK.1", "ExternalUserId": "whatsapp:HK.1"}, ("whatsapp:HK.1", "whatsapp:HK.1")),
        ({"From": "whatsapp:+1"}, ("whatsapp:+1", "whatsapp:+1")),
        ({"ExternalUserId": "whatsapp:HK.1"}, ("whatsapp:HK.1", "whatsapp:HK.1")),
        ({"From": "whatsapp:+1", "ExternalUserId": ""}, ("whatsapp:+1", "whatsapp:+1")),
        ({"From": "+85200000001"}, None),
        ({"From": "whatsapp:"}, None),
        ({}, None),
    ],
)
def test_somebody_is_known_by_their_user_id_and_else_by_the_address_they_write_from(
    form: dict[str, str], expected: tuple[str, str] | None
) -> None:
    assert address_of(MultiDict(form)) == expected


def test_a_message_without_an_id_is_the_same_one_when_it_comes_again_as_it_was() -> None:
    ids = [
        read_message(MultiDict({"Body": "hi", **more}), ADDRESS, ADDRESS, signature).heard.id  # type: ignore[union-attr]
        for signature, more in (
            ("s1", {}),
            ("s1", {}),
            ("s2", {}),
            ("s2", {"SmsSid": SID}),
            ("s1", {"SmsSid": SID}),
        )
    ]
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] == ids[4] == SID


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        ("delivered", 300),
        ("read", 300),
        ("failed", 300),
        ("undelivered", 300),
        ("sent", 86_400),
        ("queued", None),
    ],
)
def test_our_own_message_is_deleted_after_its_last_status(status: str, waits: int | None) -> None:
    copies = read_status(MultiDict({"MessageSid": SID, "MessageStatus": status})).copies
    assert [each.after.total_seconds() for each in copies] == ([] if waits is None else [waits])


@given(st.dictionaries(st.sampled_from([
    "MessageSid", "SmsSid", "Body", "NumMedia", "MediaUrl0", "MediaContentType0", "Latitude", "ButtonPayload",
    "ListId", "OptOutType", "MessageStatus", "ErrorCode", "To", "From", "ExternalUserId", "MediaUrl", "Media",
]), st.text()))  # fmt: skip
def test_nothing_that_is_posted_can_break_the_reading(form: dict[str, str]) -> None:
    read_message(MultiDict(form), ADDRESS, ADDRESS, "")
    assert read_status(MultiDict(form)).status in {
        "accepted", "queued", "sending", "sent", "delivered", "read", "undelivered", "failed", "other",
    }  # fmt: skip
    address_of(MultiDict(form))
