"""Plays the samples: each the bytes that a provider posts, with the signature it would have, through the whole product."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from bot.access import ACCESS, Caller
from storage import schema
from storage.database import Database
from storage.setup import initialise
from tests.channels import cloud, telegram, twilio
from tests.channels.payloads import FORM, JSON
from tests.contracts.conftest import FOLDER, read
from webhook import create_app

SAMPLES = FOLDER / "samples"
VECTORS = read("samples/signature_vectors.json")
OTHER_FILES = {"README.md", "signature_vectors.json"}


def names() -> list[str]:
    """Every sample that is there."""
    return sorted(path.name for path in SAMPLES.iterdir() if path.name not in OTHER_FILES)


@dataclass(frozen=True)
class Came:
    """What came of a sample.

    Attributes:
        conversations: how many are there afterwards.
        later: the kinds of errands that are kept afterwards, in order of the alphabet.
    """

    answer: TestResponse
    conversations: int
    later: tuple[str, ...]


class Instance:
    """The product as the samples know it: their account, their bot, their number, their secrets."""

    def __init__(self, home: Path, database_url: str) -> None:
        initialise(home, database_url)
        self.database = Database.open(database_url)
        self.environ = {
            "TADA_HOME": str(home),
            "TADA_DATABASE_URL": database_url,
            "TADA_RATE_LIMITS": "off",
            "TADA_PUBLIC_URL": VECTORS["twilio"]["url"].partition("/webhook")[0],
            "TADA_TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001",
            "TADA_TWILIO_AUTH_TOKEN": VECTORS["twilio"]["auth_token"],
            "TADA_TWILIO_NUMBER": "+85200000099",
            "TADA_TELEGRAM_TOKEN": telegram.TOKEN,
            "TADA_TELEGRAM_SECRET": VECTORS["telegram"]["secret_token"],
            "TADA_CLOUD_ACCESS_TOKEN": "an-access-token-of-nobody",
            "TADA_CLOUD_APP_SECRET": VECTORS["cloud"]["app_secret"],
            "TADA_CLOUD_VERIFY_TOKEN": "test-verify-token",
            "TADA_CLOUD_PHONE_NUMBER_ID": "106540352242922",
        }
        self.app = create_app(self.environ)
        # The signatures that are given were made for an address which is not quite ours.
        self._theirs = urlsplit(VECTORS["twilio"]["url"]).path
        for rule in [rule for rule in self.app.url_map.iter_rules() if rule.rule == twilio.PATH]:
            view = self.app.view_functions[rule.endpoint]
            self.app.add_url_rule(self._theirs, "theirs", view, methods=["POST"])

    def play(self, name: str) -> Came:
        """Post a sample, or ask what it asks."""
        answer = self._posted(name)
        with self.database.reading() as connection:
            count = select(func.count()).select_from(schema.conversations)
            kinds = connection.execute(select(schema.later_work.c.kind)).scalars()
            return Came(answer, connection.execute(count).scalar_one(), tuple(sorted(kinds)))

    def _posted(self, name: str) -> TestResponse:
        body, client = (SAMPLES / name).read_bytes(), self.app.test_client()
        provider = name.partition("_")[0]
        if name == "cloud_verify_get.txt":
            return client.get(f"{cloud.PATH}?{body.decode().strip()}")
        if provider == "telegram":
            headers = {VECTORS["telegram"]["header"]: VECTORS["telegram"]["secret_token"]}
            return client.post(telegram.PATH, data=body, content_type=JSON, headers=headers)
        signature = VECTORS[provider]["files"][name]
        if provider == "cloud":
            headers = {"X-Hub-Signature-256": f"sha256={signature}"}
            return client.post(cloud.PATH, data=body, content_type=JSON, headers=headers)
        headers = {"X-Twilio-Signature": signature}
        with patch.dict(ACCESS, {("POST", self._theirs): Caller.PROVIDER}):
            return client.post(self._theirs, data=body, content_type=FORM, headers=headers)


def method_of(answer: TestResponse) -> dict[str, Any]:
    """The method that an answer to Telegram holds; empty where there is none."""
    return dict(json.loads(answer.data)) if answer.data else {}


def answer_of(name: str, answer: TestResponse) -> str:
    """What an answer holds, in a word: `words`, `nothing`, the name of another method, or what was asked for."""
    if answer.status_code >= 400:
        return "refused"
    match name.partition("_")[0]:
        case "telegram":
            method = method_of(answer).get("method", "nothing")
            return "words" if method == "sendMessage" else str(method)
        case "twilio":
            return "words" if twilio.texts(answer.data) else "nothing"
    return answer.get_data(as_text=True) or "nothing"
