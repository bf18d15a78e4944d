"""Passwords and the recovery key: typed where nobody sees them, or handed over on standard input."""

from __future__ import annotations

import os
import sys

import click

from storage.recovery import RecoveryKey
from storage.signing_in import sign_in
from storage.staff import Caseworker, list_staff
from tada.instance import Instance

STAFF_VARIABLE = "TADA_STAFF"
PASSWORD_VARIABLE = "TADA_PASSWORD"  # noqa: S105 - the name of a variable

password_stdin = click.option(
    "--password-stdin",
    "from_stdin",
    is_flag=True,
    help="Read what would be typed from standard input: one secret a line, in the order they are asked for.",
)


class Secrets:
    """Where secrets come from in this run: the lines of standard input, or the keyboard."""

    def __init__(self, from_stdin: bool) -> None:
        self._from_stdin = from_stdin

    def existing(self, what: str) -> str:
        """Ask for a secret that exists already."""
        return self._line(what) if self._from_stdin else str(click.prompt(what, hide_input=True, err=True))

    def new_password(self, name: str) -> str:
        """Ask for a new password, twice at the keyboard."""
        what = f"New password for {name} (at least 15 characters)"
        if self._from_stdin:
            return self._line(what)
        return str(click.prompt(what, hide_input=True, confirmation_prompt=True, err=True))

    def _line(self, what: str) -> str:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise click.UsageError(f"Standard input ended before this was given: {what}.")
        return line


def vouching(
    instance: Instance, secrets: Secrets, by: str | None, recovery_key: bool
) -> Caseworker | RecoveryKey:
    """Return who vouches for a change: a colleague by password, or the recovery key."""
    if by and recovery_key:
        raise click.UsageError("Give --by or --recovery-key, not both.")
    if recovery_key:
        return RecoveryKey.from_text(secrets.existing("Recovery key"))
    name = by or os.environ.get(STAFF_VARIABLE)
    if not name:
        raise click.UsageError("Say who vouches for this: --by COLLEAGUE, or --recovery-key.")
    return sign_in(instance.database, name, secrets.existing(f"Password of {name}"))


def signed_in(instance: Instance) -> Caseworker:
    """Return who is asking: TADA_STAFF and TADA_PASSWORD, or what is typed."""
    if not list_staff(instance.database):
        raise click.ClickException(
            "There is no colleague yet. Add the first one: tada staff add NAME --role supervisor"
        )
    name = os.environ.get(STAFF_VARIABLE) or click.prompt("Name", err=True)
    password = os.environ.get(PASSWORD_VARIABLE) or click.prompt("Password", hide_input=True, err=True)
    return sign_in(instance.database, name, password)
