"""`tada demo`: invented cases and colleagues, so that somebody new sees a queue in which something is going on.

The people of `demo.toml` go through the real conversation, at times that have passed, and the colleagues do
real work on their cases. Never where people may come: the passwords of the demo are known to everybody.
"""

from __future__ import annotations

import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.vocabulary import Heard
from settings import Settings
from storage import casework, retention
from storage.casebook import write_entry
from storage.database import Database
from storage.letters import send_letter
from storage.linkwork import change_links
from storage.signing_in import sign_in
from storage.staff import Caseworker, Role, list_staff, name_key
from storage.staffing import add_staff
from tada.asking import Secrets, password_stdin, vouching
from tada.instance import Instance, pass_instance
from tada.staff import desk_address

if TYPE_CHECKING:
    from bot.receive import Answer, Reception
    from storage.sealing import PasswordParameters

PASSWORD = "nobody here is real"  # noqa: S105 - printed for everybody
COLLEAGUES: Mapping[str, Role] = {"Demo Mei": "supervisor", "Demo Jo": "intake", "Demo Sam": "administrator"}

_PEOPLE = Path(__file__).with_name("demo.toml")
_MOST_MESSAGES = 40


class NoDemoHere(click.ClickException):
    """The demo would come among real cases, or has been here."""


@click.command()
@click.option(
    "--by", metavar="COLLEAGUE", help="Who vouches for the demo's colleagues, where somebody works here."
)
@click.option("--recovery-key", is_flag=True, help="Vouch with the recovery key instead.")
@password_stdin
@pass_instance
def demo(instance: Instance, by: str | None, recovery_key: bool, from_stdin: bool) -> None:
    """Fill an instance on one's own machine with invented cases and three colleagues.

    Refused where a channel or a public address is set up: the passwords are known to everybody. An instance
    that had the demo can never become public.

    \b
    Examples:
      tada demo
      TADA_HOME=/tmp/tada-demo tada demo
      tada demo --by Mei
    """
    instance.require_init()
    instance.keys.check()
    check_may_be(instance.settings, instance.database)
    somebody = bool(list_staff(instance.database))
    voucher = vouching(instance, Secrets(from_stdin), by, recovery_key) if somebody else None
    people = invented()
    at_work = add_colleagues(instance, voucher)
    with click.progressbar(tell_all(instance, people, at_work), length=len(people), label="Cases") as told:
        references = list(told)
    click.echo(f"{len(references)} invented cases are in the queue. Sign in as one of these:")
    _print_links(instance, at_work)


def check_may_be(settings: Settings, database: Database) -> None:
    """Refuse the demo where real people may come, or where it has been.

    Raises:
        NoDemoHere: that is so.
    """
    if settings.is_public:
        raise NoDemoHere("This instance is public (TADA_PUBLIC_URL): no invented cases among real ones.")
    if settings.twilio or settings.telegram or settings.cloud:
        raise NoDemoHere(
            "A channel is set up here, so people may come by it. Give the demo a home of its own: "
            "TADA_HOME=var-demo tada init, then TADA_HOME=var-demo tada demo"
        )
    if has_demo(database):
        raise NoDemoHere("The demo is here already. For a new one, begin in a new TADA_HOME.")


def has_demo(database: Database) -> bool:
    """Say whether colleagues work here whose password everybody knows."""
    names = {name_key(name) for name in COLLEAGUES}
    return any(name_key(member.name) in names and member.state == "active" for member in list_staff(database))


# ------------------------------------------------------------------ the colleagues


def add_colleagues(
    instance: Instance, by: Any, parameters: PasswordParameters | None = None
) -> dict[str, Caseworker]:
    """Add the three, and return them as they would sign in, by the last part of their names."""
    cost = {} if parameters is None else {"parameters": parameters}
    at_work: dict[str, Caseworker] = {}
    for name, role in COLLEAGUES.items():
        add_staff(instance.database, instance.keys, name, role, PASSWORD, by, **cost)
        signed_in = sign_in(instance.database, name, PASSWORD, **cost)
        at_work[name.split()[-1]] = signed_in
        by = by or signed_in
    return at_work


def _print_links(instance: Instance, at_work: Mapping[str, Caseworker]) -> None:
    from storage.invitations import invite_to_set_factor

    desk = desk_address(instance.settings)
    click.echo(f"  password of each: {PASSWORD}")
    for each in at_work.values():
        token = invite_to_set_factor(instance.database, each.id, at_work["Mei"])
        click.echo(f"  {each.name:<10}{each.role:<15}{desk}/desk/link/{token}")
    click.echo(
        "Each link is good once, and sets up the second step. Serve them with: make run, or tada serve"
    )


# ------------------------------------------------------------------ the people


def invented() -> list[dict[str, Any]]:
    """Return the invented people, whoever wrote first at the beginning."""
    people: list[dict[str, Any]] = tomllib.loads(_PEOPLE.read_text("utf-8"))["person"]
    return sorted(people, key=lambda person: -float(person["hours"]))


def tell_all(
    instance: Instance,
    people: Sequence[Mapping[str, Any]],
    at_work: Mapping[str, Caseworker],
    parameters: PasswordParameters | None = None,
) -> Iterator[str]:
    """Have everybody tell their case and the colleagues do their work on it; give each reference."""
    from bot.receive import Reception
    from storage.codes import CODE_PARAMETERS
    from storage.intake import Intake

    settings = instance.settings
    now = datetime.now(UTC)
    clock = _Clock(now, now)
    intake = Intake(
        instance.database,
        instance.keys,
        settings.journal,
        settings.draft_hours,
        code_parameters=parameters or CODE_PARAMETERS,
    )
    reception = Reception(intake, instance.words, clock)
    for person in people:
        clock.go_to(person["hours"])
        # As every day does: a chat that is linked is found again only if it was locked under newer keys.
        retention.rewrap_linked(instance.database, instance.keys, clock())
        chat = _Chat(reception, clock, str(person["channel"]))
        reference = chat.tell(person)
        for name, what, *rest in person.get("desk", ()):
            _work(instance, at_work, at_work[name], reference, what, *rest)
        chat.add(person)
        yield reference


@dataclass
class _Clock:
    """A clock that was set back, and goes on by half a minute each time it is looked at."""

    started: datetime
    now: datetime

    def go_to(self, hours_ago: float) -> None:
        self.now = self.started - timedelta(hours=hours_ago)

    def __call__(self) -> datetime:
        self.now = min(self.now + timedelta(seconds=30), datetime.now(UTC))
        return self.now


class _Chat:
    """One person's side of the conversation."""

    def __init__(self, reception: Reception, clock: _Clock, channel: str) -> None:
        self._reception, self._clock, self._channel = reception, clock, channel
        self._address = secrets.token_hex(16)
        self._has_told = False

    def tell(self, person: Mapping[str, Any]) -> str:
        """Answer every question until the case is handed over; return its reference."""
        said = {
            "age": "16_or_above",
            "consent": "agree",
            "whose": "self",
            "image_age": "yes",
            "contact_method": "case_code",
            "review": "submit",
            "language": person["language"],
            **person["answers"],
        }
        answer = self._send(kind="start")
        for _ in range(_MOST_MESSAGES):
            if answer.step == "submitted":
                return _reference_in(answer)
            answer = self._answer(answer, said, person)
        raise RuntimeError("an invented person was not understood")

    def add(self, person: Mapping[str, Any]) -> None:
        """Write what came later."""
        for text in person.get("later", ()):
            answer = self._send(text=text)
            if (choice := person.get("press_later")) and choice in _offered(answer):
                self._send(choice=choice)

    def _answer(self, before: Answer, said: Mapping[str, Any], person: Mapping[str, Any]) -> Answer:
        offered = _offered(before)
        if "mark" in offered:
            return self._send(choice="mark" if person.get("danger") else "go_on")
        if person.get("no_links") in offered:
            return self._send(choice=person["no_links"])
        if before.step == "links":
            if "clear" in offered or "links" not in person:
                text = person.get("where", "skip") if not offered else None
                return (
                    self._send(text=text) if text else self._send(choice=_either(offered, "done", "no_links"))
                )
            return self._send(text=person["links"])
        if before.step == "story":
            if "story" in person and not self._has_told:
                self._has_told = True
                return self._send(text=person["story"])
            return self._send(choice="done")
        value = said.get(before.step)
        if isinstance(value, list):
            return self._send(choices=tuple(value))
        if value in offered:
            return self._send(choice=value)
        return self._send(text=value or "skip")

    def _send(self, **heard: Any) -> Answer:
        return self._reception.receive(
            Heard(
                self._channel,
                self._address,
                id=secrets.token_hex(16),
                can_be_reached=self._channel != "web",
                **heard,
            )
        )


def _offered(answer: Answer) -> set[str]:
    return {choice for choice, _ in answer.messages[-1].choices} if answer.messages else set()


def _either(offered: set[str], *wanted: str) -> str:
    return next(choice for choice in wanted if choice in offered)


def _reference_in(answer: Answer) -> str:
    found = re.search(r"TD-[A-Z0-9]{4}", "\n".join(message.text for message in answer.messages))
    if found is None:
        raise RuntimeError("an invented person was given no reference")
    return found[0]


# ------------------------------------------------------------------ the work


def _work(
    instance: Instance,
    at_work: Mapping[str, Caseworker],
    who: Caseworker,
    reference: str,
    what: str,
    *rest: Any,
) -> None:
    """Do one thing that `demo.toml` says a colleague did."""
    database = instance.database
    match what, *rest:
        case ("claim",):
            casework.claim_case(database, who, reference)
        case ("release",):
            casework.release_case(database, who, reference)
        case ("close",):
            casework.close_case(database, who, reference, instance.settings.closed_days)
        case "hand_over", to:
            casework.hand_over(database, who, reference, at_work[to].id)
        case "due", days:
            casework.set_due(database, who, reference, datetime.now(UTC).date() + timedelta(days=days))
        case "links", status, numbers, platform:
            change_links(database, who, reference, numbers, status, platform or None)
        case "note" | "contact" as kind, text:
            write_entry(database, who, reference, kind, text)
        case "say", text:
            send_letter(database, who, reference, text)
        case _:
            raise ValueError(f"demo.toml: nobody can {what}")
