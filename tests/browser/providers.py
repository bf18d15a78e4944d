"""People on WhatsApp and Telegram, whose providers are servers of this machine, before the program as it is run."""

from __future__ import annotations

import re
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bot.telegram.updates import ALLOWED
from tests.conversations import player
from tests.providers import cloud, telegram, twilio
from tests.tada.calling import run
from tests.tada.serving import Server, free_port, serving

TOKEN = "4200000000:AAnobodysTokenAtAll-not-real_00000"
SECRET = "a_secret-of-nobody_at-all"
CHAT = 5_200_000_001
FORM = [
    turn["hears"]
    for turn in tomllib.loads(
        (Path(player.__file__).parent / "whole/whatsapp_linked.toml").read_text("utf-8")
    )["turn"]
    if "hears" in turn
][:16]
"""What somebody types from the choice of a language to the handing over, who wants to be reached in that chat."""
REFERENCE = re.compile(r"TD-[0-9A-Z]+")
T = TypeVar("T")


def comes(look: Callable[[], T], seconds: float = 20) -> T:
    """Wait until something is there, and return it."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)
    return found


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    """Call a webhook as a provider does."""
    request = urllib.request.Request(url, data=body, headers=dict(headers))
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, _capitals(answer.headers.items()), answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, _capitals(refused.headers.items()), b""


def _capitals(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.title(): value for name, value in headers}


class Phone:
    """Somebody in a chat of a provider. What a provider does is said by those that follow."""

    def write(self, text: str) -> None:
        """Write something."""
        raise NotImplementedError

    def shown(self) -> list[str]:
        """Everything that was sent to them."""
        raise NotImplementedError

    def tell(self, status: str) -> None:
        """Have the provider tell how far the last message came; Telegram tells of none."""

    def give_form(self) -> None:
        """Answer every question, and hand over."""
        for text in ("hi", *FORM):
            self.write(text)

    def reference(self) -> str:
        """The reference that they were given."""
        return comes(lambda: next(iter(REFERENCE.findall("\n".join(self.shown()))), ""))


class ByTwilio(Phone):
    """On WhatsApp, which Twilio runs."""

    def __init__(self, server: twilio.FakeTwilio) -> None:
        self.server, self.user = server, twilio.User()

    def write(self, text: str) -> None:
        self.server.write(self.user, text)

    def shown(self) -> list[str]:
        return [message.text for message in self.server.to(self.user)]

    def tell(self, status: str) -> None:
        assert self.server.tell_status(self.server.to(self.user)[-1], status) == 200


class ByMeta(Phone):
    """On WhatsApp, which Meta runs itself."""

    def __init__(self, server: cloud.FakeGraph, webhook: str) -> None:
        self.server, self.user = server, cloud.User(number="85200000002", user_id="HK.2")
        self.post = lambda body, headers: post(webhook, body, headers)[0]

    def write(self, text: str) -> None:
        self.server.deliver(self.post, self.user, self.server.text(self.user, text))

    def shown(self) -> list[str]:
        return [sent.text for sent in self.server.to(self.user)]

    def tell(self, status: str) -> None:
        told = self.server.told(self.server.to(self.user)[-1], status)
        assert self.server.deliver_changes(self.post, told) == 1


class UnhurriedGraph(cloud.FakeGraph):
    """Meta, where between two calls there is always as long as it wants between two messages to one person."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        self.now += cloud.PAIR_SECONDS
        return super().answer(method, target, headers, body)


class OnTelegram(Phone):
    """In a private chat with the bot."""

    def __init__(self, server: telegram.BotApi) -> None:
        self.server = server

    def write(self, text: str) -> None:
        self.server.send(CHAT, "/start" if text == "hi" else text)
        self.server.run()

    def shown(self) -> list[str]:
        return self.server.chat(CHAT).said()


@dataclass(frozen=True)
class Day:
    """The program, the providers, and the people who write to it.

    Attributes:
        phones: somebody by each provider.
    """

    server: Server
    twilio: twilio.FakeTwilio
    meta: cloud.FakeGraph
    bot: telegram.BotApi
    phones: Mapping[str, Phone]

    @property
    def chat(self) -> str:
        """Where people reach the web chat."""
        return self.server.address

    @property
    def address(self) -> str:
        """Where colleagues reach the desk."""
        return f"http://localhost:{self.server.desk_port}"


@contextmanager
def day(home: Path) -> Iterator[Day]:
    """Run `tada serve` with every channel on, its providers on this machine."""
    port = free_port()
    here = f"http://127.0.0.1:{port}"

    def twilio_posts(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        status, answered, said = post(url, body, headers)
        return status, answered.get("Content-Type", ""), said

    with ExitStack() as running:
        whatsapp = running.enter_context(
            twilio.serving(twilio.FakeTwilio(twilio_posts, f"{here}/webhooks/whatsapp"))
        )
        meta = running.enter_context(
            cloud.serving(
                UnhurriedGraph(
                    "an-access-token-of-nobody", "an-app-secret-of-nobody", "10654", now=time.time()
                )
            )
        )
        bot = running.enter_context(
            telegram.BotApi(TOKEN, lambda body, headers: post(f"{here}/webhooks/telegram", body, headers))
        )
        bot.registered = {
            "url": f"{here}/webhooks/telegram",
            "secret_token": SECRET,
            "allowed_updates": list(ALLOWED),
        }
        run(home, "init")
        settings = {
            "TADA_PUBLIC_URL": here,
            "TADA_RATE_LIMITS": "off",
            "TADA_TWILIO_ACCOUNT_SID": whatsapp.account_sid,
            "TADA_TWILIO_AUTH_TOKEN": whatsapp.auth_token,
            "TADA_TWILIO_NUMBER": whatsapp.number,
            "TADA_TWILIO_API_BASE": whatsapp.base,
            "TADA_TELEGRAM_TOKEN": TOKEN,
            "TADA_TELEGRAM_SECRET": SECRET,
            "TADA_TELEGRAM_API_BASE": bot.url,
            "TADA_CLOUD_ACCESS_TOKEN": meta.access_token,
            "TADA_CLOUD_APP_SECRET": meta.app_secret,
            "TADA_CLOUD_VERIFY_TOKEN": "a-verify-token-of-nobody",
            "TADA_CLOUD_PHONE_NUMBER_ID": meta.phone_number_id,
            "TADA_CLOUD_API_BASE": meta.base,
        }
        server = running.enter_context(serving(home, port=port, settings=settings))
        phones: dict[str, Phone] = {
            "cloud": ByMeta(meta, f"{here}/webhooks/whatsapp-cloud"),
            "whatsapp": ByTwilio(whatsapp),
            "telegram": OnTelegram(bot),
        }
        yield Day(server, whatsapp, meta, bot, phones)
