"""`tada demo`: a queue in which something is going on, and never among real cases."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.vocabulary import LANGUAGES
from storage import cases
from storage.invitations import read_invitation
from storage.queue import count_cases
from storage.staff import list_staff
from tada.demo import COLLEAGUES, PASSWORD, add_colleagues, has_demo, invented, tell_all
from tada.instance import Instance
from tests.storage.building import CHEAP
from tests.tada.calling import PASSWORD as MEIS
from tests.tada.calling import Tada, run

OF_THE_DEMO = {"TADA_STAFF": "Demo Mei", "TADA_PASSWORD": PASSWORD}


@pytest.fixture
def new_home(tmp_path: Path) -> Path:
    assert run(tmp_path / "new", "init").exit_code == 0
    return tmp_path / "new"


def test_the_queue_has_cases_of_every_kind(new_home: Path) -> None:
    instance = Instance({"TADA_HOME": str(new_home)})
    people = invented()
    at_work = add_colleagues(instance, None, CHEAP)

    references = list(tell_all(instance, people, at_work, CHEAP))

    assert len(set(references)) == len(people) >= 40
    found = cases.list_cases(instance.database, instance.keys, at_work["Mei"])
    assert {case.status for case in found} == {"queued", "claimed", "closed"}
    assert {case.priority for case in found} == {"urgent", "high", "normal"}
    assert {case.language for case in found} == set(LANGUAGES)
    assert {case.channel for case in found} == {"web", "whatsapp", "telegram"}
    assert {
        "danger",
        "image_under_16",
        "threatened_not_published",
        "many_links",
        "non_consensual_activity",
    } <= {case.priority_reason for case in found}
    assert min(Counter(case.language for case in found).values()) >= 15
    assert not [case for case in found if case.damaged]
    counted = count_cases(instance.database, instance.keys, at_work["Jo"])
    assert all((counted.mine, counted.raised, counted.overdue, counted.waiting_a_day))
    opened = [cases.open_case(instance.database, instance.keys, at_work["Mei"], each) for each in references]
    assert {entry.kind for case in opened for entry in case.entries} >= {
        "note",
        "contact",
        "links",
        "message",
    }
    instance.database.close()


def test_it_prints_a_link_for_each_colleague_and_refuses_to_come_twice(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tada.demo.invented", lambda: invented()[-1:])

    first, second = run(new_home, "demo"), run(new_home, "demo")

    assert first.exit_code == 0, first.output
    assert PASSWORD in first.stdout
    database = Instance({"TADA_HOME": str(new_home)}).database
    invited = {
        read_invitation(database, token, datetime.now(UTC)).name
        for token in re.findall(r"/desk/link/([\w-]{43})\n", first.stdout)
    }
    assert invited == set(COLLEAGUES)
    listed = run(new_home, "case", "list", "--json", env=OF_THE_DEMO)
    assert len(json.loads(listed.stdout)) == 1
    assert second.exit_code == 1
    assert "already" in second.stderr


@pytest.mark.parametrize(
    "settings",
    [
        {"TADA_PUBLIC_URL": "https://chat.example.org"},
        {"TADA_TELEGRAM_TOKEN": "123456:" + "a" * 35, "TADA_TELEGRAM_SECRET": "b" * 32},
    ],
    ids=["public", "with a channel"],
)
def test_it_is_refused_where_people_may_come(new_home: Path, settings: dict[str, str]) -> None:
    result = run(new_home, "demo", env=settings)

    assert result.exit_code == 1
    assert list_staff(Instance({"TADA_HOME": str(new_home)}).database) == []


def test_where_somebody_works_they_vouch_for_the_demo(
    home: Path, tada: Tada, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tada.demo.invented", list)

    alone = tada("demo")
    vouched = tada("demo", "--by", "Mei", "--password-stdin", typed=MEIS)

    assert alone.exit_code == 2
    assert vouched.exit_code == 0, vouched.output
    assert has_demo(Instance({"TADA_HOME": str(home)}).database)


def test_an_instance_with_the_demo_never_becomes_public(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tada.ready import make_ready

    monkeypatch.setattr("tada.demo.invented", list)
    assert run(new_home, "demo").exit_code == 0
    monkeypatch.setattr("tada.ready.may_be_public", lambda settings: True)
    public = Instance({"TADA_HOME": str(new_home), "TADA_PUBLIC_URL": "https://chat.example.org"})

    with pytest.raises(Exception, match="demo"):
        make_ready(public)
    doctor = run(new_home, "doctor", env={"TADA_PUBLIC_URL": "https://chat.example.org"})
    assert "✗ wrong  The colleagues of the demo" in doctor.stdout
