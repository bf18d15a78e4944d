"""A colleague links a Telegram chat of their own, and is told there how many cases wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage import telling
from storage.database import Database
from storage.retention import purge
from storage.signing_in import sign_in
from storage.staff import Caseworker
from storage.staffing import add_staff
from storage.team_chat import GOOD_FOR
from tada.instance import Instance
from tada.telling import tell_the_team
from tests.bot.telegram.conftest import ANN, BO, Product, words
from tests.promises.conftest import CHEAP, PASSWORD
from tests.storage.building import BuiltCase
from tests.storage.building import Instance as Built

LINKED = words.say("en", "telegram_bot.team")


@pytest.fixture
def mei(product: Product) -> Caseworker:
    service = product.service
    add_staff(service.database, service.keys, "Mei", "supervisor", PASSWORD, None, CHEAP)
    return sign_in(service.database, "Mei", PASSWORD, CHEAP)


def code_for(product: Product, mei: Caseworker, now: datetime | None = None) -> str:
    return telling.begin_chat(product.service.database, mei, now or datetime.now(UTC))


def told(product: Product) -> int:
    return tell_the_team(Instance(product.service.environ), datetime.now(UTC))


def waits(product: Product) -> None:
    service = product.service
    BuiltCase(Built(service.database, service.keys, "")).submit([("name", "Canary")], flags=("danger",))


def test_the_chat_that_sends_the_code_is_told_counts_and_nothing_else(
    product: Product, mei: Caseworker
) -> None:
    waits(product)
    assert told(product) == 0

    assert LINKED in product.says(BO, f" {code_for(product, mei).lower()} ")

    assert told(product) == 1
    assert product.work() == ["telegram.send"]
    last = product.api.chat(BO).said()[-1]
    assert "Waiting: 1." in last
    assert "等候中：1。" in last
    assert not [word for word in ("TD-", "Canary", "danger", "http", "web") if word in last]
    assert told(product) == 0
    telling.choose(product.service.database, mei, None)
    assert telling.chosen(product.service.database, mei.id) is None


def test_a_code_is_good_once_for_ten_minutes_and_for_one_chat(product: Product, mei: Caseworker) -> None:
    code = code_for(product, mei)
    assert LINKED in product.says(BO, code)
    assert LINKED in product.says(BO, code)  # Telegram may deliver twice
    assert LINKED not in product.says(ANN, code)
    old = code_for(product, mei, datetime.now(UTC) - GOOD_FOR - timedelta(seconds=1))
    newer = code_for(product, mei)
    assert LINKED not in product.says(ANN, old)
    assert LINKED not in product.says(ANN, newer[:-1] + ("A" if newer[-1] != "A" else "C"))
    chosen = telling.chosen(product.service.database, mei.id)
    assert chosen is not None
    assert chosen.by_chat
    kept = _codes(product.service.database)
    purge(product.service.database, product.service.keys, datetime.now(UTC) + GOOD_FOR, 72)
    assert (kept, _codes(product.service.database)) == (1, 0)


def test_whoever_has_no_code_meets_the_conversation(product: Product) -> None:
    assert product.says(ANN, "TEAM-ABCD-EFGH-JKLM-NPQR") == product.says(BO, "team abcd efgh")


def _codes(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM chat_codes").scalar_one())
