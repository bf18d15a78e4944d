"""The providers' own specifications, in a folder that `TADA_CONTRACTS` names: `make contracts CONTRACTS=<folder>`.

They are other people's, so they are not kept here; without the folder there is nothing to collect.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.specifications import BotApi, OpenApi

FOLDER = Path(os.environ.get("TADA_CONTRACTS", ""))
collect_ignore_glob = [] if os.environ.get("TADA_CONTRACTS") else ["test_*.py"]


def read(name: str) -> Any:
    """Read one of the files of the folder."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bot_api() -> BotApi:
    """Telegram's Bot API."""
    return BotApi(read("telegram_bot_api_10.1.json"))


@pytest.fixture(scope="session")
def graph_api() -> OpenApi:
    """Meta's Cloud API, as far as it is spoken to."""
    return OpenApi(read("meta_whatsapp_v23.json"))


@pytest.fixture(scope="session")
def twilio_api() -> tuple[OpenApi, ...]:
    """Twilio's messages, and the templates of its buttons."""
    return OpenApi(read("twilio_messages_v2010.json")), OpenApi(read("twilio_content_v1.json"))
