"""Telling the team by mail: counts alone, at most once an hour, to those who chose it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from settings import Smtp
from storage import telling
from storage.cases import list_cases
from storage.signing_in import sign_in
from storage.staff import Caseworker
from storage.staffing import add_staff, disable_staff
from tada import telling as mails
from tada.instance import Instance
from tests.tada.calling import LINK, PASSWORD, STORY, submit_case


def noon() -> datetime:
    """Today: what waits is counted in days, and two hours later is the same one."""
    return datetime.now(UTC).replace(hour=12)


class Post:
    """A mail server that keeps what it is handed."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []
        self.away = False

    def __call__(self, settings: Smtp, message: EmailMessage) -> None:
        if self.away:
            raise OSError("away")
        self.sent.append(message)


@pytest.fixture
def instance(home: Path) -> Instance:
    return Instance(
        {"TADA_HOME": str(home), "TADA_SMTP_HOST": "mail.example.org", "TADA_SMTP_SENDER": "tada@example.org"}
    )


@pytest.fixture
def mei(instance: Instance) -> Caseworker:
    who = sign_in(instance.database, "Mei", PASSWORD)
    telling.choose(instance.database, who, "mei@example.org")
    return who


def test_a_mail_holds_counts_and_nothing_of_a_case(instance: Instance, mei: Caseworker) -> None:
    post = Post()

    assert mails.tell_the_team(instance, noon(), post) == 1

    (mail,) = post.sent
    (case,) = list_cases(instance.database, instance.keys, mei)
    assert mail["To"] == "mei@example.org"
    body = mail.get_content()
    assert "Waiting: 1." in body
    assert "等候中：1。" in body
    whole = str(mail) + body
    held = (case.reference, STORY, LINK, "Canary", case.priority_reason or "")
    assert not [word for word in held if word and word != "none" and word in whole]


def test_nobody_is_told_twice_the_same_or_more_than_once_an_hour(instance: Instance, mei: Caseworker) -> None:
    post = Post()
    mails.tell_the_team(instance, noon(), post)
    mails.tell_the_team(instance, noon() + timedelta(hours=2), post)
    assert len(post.sent) == 1

    submit_case(instance.reception, "c" * 43)
    mails.tell_the_team(instance, noon() + timedelta(minutes=59), post)
    assert len(post.sent) == 1
    mails.tell_the_team(instance, noon() + timedelta(minutes=61), post)
    assert len(post.sent) == 2


def test_something_that_has_waited_a_day_is_told(instance: Instance, mei: Caseworker) -> None:
    post = Post()
    mails.tell_the_team(instance, noon(), post)

    mails.tell_the_team(instance, noon() + timedelta(days=1), post)

    assert "Waiting for a day or longer: 1. Longest, in days: 1." in post.sent[-1].get_content()


def test_a_server_that_is_away_is_tried_again(instance: Instance, mei: Caseworker) -> None:
    post = Post()
    post.away = True
    assert mails.tell_the_team(instance, noon(), post) == 0
    post.away = False

    assert mails.tell_the_team(instance, noon(), post) == 1


def test_who_chose_nothing_stopped_or_left_is_not_told(instance: Instance, mei: Caseworker) -> None:
    telling.choose(instance.database, mei, None)
    post = Post()
    assert mails.tell_the_team(instance, noon(), post) == 0

    add_staff(instance.database, instance.keys, "Jo", "intake", PASSWORD, mei)
    jo = sign_in(instance.database, "Jo", PASSWORD)
    telling.choose(instance.database, jo, "jo@example.org")
    disable_staff(instance.database, "Jo", mei)

    assert mails.tell_the_team(instance, noon(), post) == 0
    assert telling.chosen(instance.database, jo.id) is None


def test_without_a_mail_server_nothing_is_sent(home: Path, mei: Caseworker) -> None:
    assert mails.tell_the_team(Instance({"TADA_HOME": str(home)}), noon(), Post()) == 0
