"""WhatsApp through Twilio as a channel: signed forms, answered in TwiML."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from twilio.request_validator import RequestValidator
from werkzeug.test import EnvironBuilder

from tests.channels.harness import CANARY, PUBLIC_URL, Channel, Delivery, Kind, Person, Shown
from tests.channels.payloads import FORM, Form, changed, fields_of, form, meaning

PATH = "/webhooks/whatsapp"
ACCOUNT = "AC" + "a1" * 16
TOKEN = "an-auth-token-of-nobody"
NUMBER = "+85200000099"
_sids = itertools.count(1)

_MEDIA: dict[str, tuple[str, str]] = {
    "picture": ("image", "image/jpeg"),
    "voice": ("audio", "audio/ogg"),
    "file": ("document", "application/pdf"),
    "sticker": ("sticker", "image/webp"),
    "contact": ("contacts", "text/vcard"),
}
"""Twilio's type of a message, and the type of what comes with it."""


def text_fields(sid: str, number: str, words: str, **more: str) -> Form:
    """A message of words, with every field that Twilio is known to send."""
    metadata = {"type": "whatsapp", "data": {"context": {"ProfileName": f"{CANARY} Chan", "WaId": number}}}
    fields = {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ProfileName": f"{CANARY} Chan",
        "MessageType": "text",
        "SmsSid": sid,
        "WaId": number,
        "SmsStatus": "received",
        "Body": words,
        "To": f"whatsapp:{NUMBER}",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "ChannelMetadata": json.dumps(metadata),
        "From": f"whatsapp:+{number}",
        "ExternalUserId": f"whatsapp:HK.{number}0000",
        "ApiVersion": "2010-04-01",
        **more,
    }
    return list(fields.items())


def signature(body: bytes, url: str = PUBLIC_URL + PATH, token: str = TOKEN) -> str:
    """What Twilio's own library signs a form with."""
    with EnvironBuilder(method="POST", input_stream=None, data=body, content_type=FORM).get_request() as read:
        return str(RequestValidator(token).compute_signature(url, read.form))


@dataclass
class Sender(Person):
    """Somebody on WhatsApp."""

    _mine: Iterator[int] = field(default_factory=lambda: _sids)

    @property
    def _phone(self) -> str:
        return f"85200{self.number:06}"

    def begin(self) -> Shown:
        return self.deliver(self.text("hi"))

    def text(self, words: str) -> Delivery:
        return self._message(words)

    def press(self, step: str, choice: str, label: str) -> Delivery:
        payload = f"v1:{step}:{choice}"
        return self._message(label, ButtonText=label, ButtonPayload=payload, MessageType="interactive")

    def kind(self, kind: Kind) -> Delivery:
        if kind == "location":
            place = {"Latitude": "22.302711", "Longitude": "114.177216", "Address": f"1 {CANARY} Road"}
            return self._message("", MessageType="location", Label=f"{CANARY} House", **place)
        of_message, of_media = _MEDIA[kind]
        sid = self._sid("MM")
        url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media/ME{sid[2:]}"
        media = {"NumMedia": "1", "MediaContentType0": of_media, "MediaUrl0": url, "MessageType": of_message}
        caption = f"the {CANARY} in the cage" if kind == "picture" else ""
        return self.proved(form(text_fields(sid, self._phone, caption, **media)))

    def unknown(self) -> Iterator[Delivery]:
        yield self._message("", MessageType="unsupported")
        yield self._message("hello", MessageType="hologram", HologramUrl0="https://evil.example/")
        yield self._message("", MessageType="reaction", ReactionEmoji="👍")
        yield self._message("hello", Forwarded="true", FrequentlyForwarded="true")
        yield self._message("hello", OriginalRepliedMessageSid="SM" + "0" * 32)
        yield self._message("hello", ReferralHeadline=CANARY, ReferralSourceUrl="https://evil.example/")

    def proved(self, body: bytes) -> Delivery:
        return Delivery(body, PATH, FORM, {"X-Twilio-Signature": signature(body)})

    def forged(self, delivery: Delivery) -> Iterator[tuple[str, Delivery]]:
        body, genuine = delivery.body, signature(delivery.body)
        for name, headers in {
            "no signature": {},
            "an empty one": {"X-Twilio-Signature": ""},
            "of another token": {"X-Twilio-Signature": signature(body, token="another")},
            "of another address": {"X-Twilio-Signature": signature(body, url="http://localhost" + PATH)},
            "of the address with a slash": {"X-Twilio-Signature": signature(body, PUBLIC_URL + PATH + "/")},
            "not of this alphabet": {"X-Twilio-Signature": "é" * 28},
        }.items():
            yield name, delivery.but(headers=headers)
        for each in changed(genuine.encode()):
            yield (
                "a byte of the signature",
                delivery.but(headers={"X-Twilio-Signature": each.decode("latin-1")}),
            )
        for each in changed(body):
            if meaning(each, FORM) != meaning(body, FORM):  # "+" and "%20" are the same blank
                yield "a byte of the body", delivery.but(body=each)
        yield "a field more", delivery.but(body=body + b"&More=1")

    def astray(self) -> Iterator[Delivery]:
        fields = dict(text_fields(self._sid(), self._phone, "hi"))
        yield self.proved(form(list((fields | {"To": "whatsapp:+85200000098"}).items())))
        yield self.proved(form(list((fields | {"AccountSid": "AC" + "b2" * 16}).items())))
        yield self.proved(form(list((fields | {"From": f"+{self._phone}", "ExternalUserId": ""}).items())))

    def deliver(self, delivery: Delivery) -> Shown:
        answer = self.posted(delivery)
        if answer.status_code != 200:
            return Shown(answer.status_code)
        assert answer.content_type == "text/xml; charset=utf-8"
        assert len(answer.data) <= 65_536
        return Shown(200, tuple(texts(answer.data)))

    def _message(self, words: str, **more: str) -> Delivery:
        return self.proved(form(text_fields(self._sid(), self._phone, words, **more)))

    def _sid(self, kind: str = "SM") -> str:
        return f"{kind}{next(self._mine):032x}"


def texts(twiml: bytes) -> list[str]:
    """Read TwiML as Twilio does: well formed, nothing before it, messages alone."""
    assert twiml.startswith(b"<")
    root = ElementTree.fromstring(twiml)
    assert root.tag == "Response"
    assert len(root) <= 10
    for message in root:
        assert message.tag == "Message"
        assert not set(message.attrib) - {"action", "method"}
    return [message.text or "" for message in root]


def sid_of(delivery: Delivery) -> str:
    """The id of the message that a delivery brings."""
    return dict(fields_of(delivery.body))["MessageSid"]


TWILIO = Channel(
    name="whatsapp",
    join=Sender,
    settings={
        "TADA_TWILIO_ACCOUNT_SID": ACCOUNT,
        "TADA_TWILIO_AUTH_TOKEN": TOKEN,
        "TADA_TWILIO_NUMBER": NUMBER,
    },
    secret="TADA_TWILIO_AUTH_TOKEN",
    rule=PATH,
    most=1_500,
    away=(200, True),
)
