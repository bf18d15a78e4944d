"""`tada keys`: whether the keys are safe, a new desk key, and whether the recovery key is the right one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import click

from storage import rotation
from storage.errors import WrongRecoveryKey
from storage.keys import fingerprint_of
from storage.recovery import RecoveryKey
from storage.sealing import key_pair_of
from storage.staffing import desk_keys_of
from tada.asking import Secrets, password_stdin, vouching
from tada.instance import Instance, pass_instance
from tada.output import print_json


@click.group()
def keys() -> None:
    """Look after the keys."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def status(instance: Instance, as_json: bool) -> None:
    """Say which keys there are and whether they are safe. Prints no secret.

    Ends with 1 if there is a problem.

    \b
    Examples:
      tada keys status
      tada keys status --json
    """
    instance.require_init()
    problems = [f"{problem.file}: {problem.what}" for problem in instance.keys.problems()]
    found = {"directory": str(instance.settings.keys), "problems": problems} | (
        {} if problems else _found(instance)
    )
    if as_json:
        print_json(found)
    else:
        for name, value in found.items():
            if name != "problems":
                click.echo(f"{name.replace('_', ' '):<22}{value}")
        for problem in problems:
            click.echo(f"PROBLEM: {problem}")
    if problems:
        raise click.exceptions.Exit(1)


def _found(instance: Instance) -> dict[str, Any]:
    generation, public = instance.keys.desk_public
    days = sorted(instance.keys.living_epochs())
    going_on = rotation.progress(instance.database)
    return {
        "desk_key": f"generation {generation}",
        "desk_key_fingerprint": fingerprint_of(generation, public),
        "pinned_in_settings": instance.settings.desk_key_fingerprint is not None,
        "rotation": f"{going_on.left} cases and {going_on.drafts} drafts left" if going_on else "none",
        "intake_keys": len(instance.keys.verify_keys),
        "epoch_keys": len(days),
        "oldest_epoch_key": _date(days[0]) if days else None,
        "bootstrap_key": "unused" if instance.keys.bootstrap else "destroyed",
    }


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


# ------------------------------------------------------------------ rotating


@keys.command()
@click.option("--by", metavar="COLLEAGUE", help="Who does this: a colleague who holds the desk key.")
@click.option("--recovery-key", is_flag=True, help="Use the recovery key instead.")
@click.option(
    "--again", is_flag=True, help="Make another new key, also where the last rotation is not finished."
)
@password_stdin
@pass_instance
def rotate(instance: Instance, by: str | None, recovery_key: bool, again: bool, from_stdin: bool) -> None:
    """Make a new desk key, and seal every case to it, while people go on writing.

    To be done when somebody leaves who held the desk key, or a device is lost. Whoever holds the desk key now
    gets the new one, the recovery key too. Broken off, it goes on where it was when it is called again. The old
    key is destroyed when no unfinished conversation needs it any more.

    \b
    Examples:
      tada keys rotate --by Mei
      tada keys rotate --recovery-key
    """
    instance.keys.check()
    holder = vouching(instance, Secrets(from_stdin), by, recovery_key)
    database, directory = instance.database, instance.keys
    generation = rotation.begin(database, directory, holder, again)
    before = rotation.progress(database)
    with click.progressbar(length=before.left if before else 0, label="Cases sealed anew") as bar:
        for now in rotation.reseal(database, directory, holder):
            bar.update((before.left if before else 0) - now.left - bar.pos)
    done = rotation.finish(database, directory)
    _tell(instance, generation, done)


def _tell(instance: Instance, generation: int, done: bool) -> None:
    pinned, public = instance.keys.newest_pinned
    if instance.keys.desk_public[0] != generation:
        click.echo(
            "The chat still seals to the old key, since TADA_DESK_KEY_FINGERPRINT pins it. Set it to this, start "
            f"`tada serve` again, and call this once more:\n  {fingerprint_of(pinned, public)}"
        )
    left = rotation.progress(instance.database)
    if done or left is None:
        click.echo(f"The desk key is of generation {generation}. The old one is destroyed.")
        return
    click.echo(f"The desk key is of generation {generation}. The old one is kept for now:")
    if left.drafts:
        click.echo(
            f"  {left.drafts} unfinished conversations began under it. They are handed over or forgotten within "
            f"{instance.settings.draft_hours} hours of their last message. Then call this once more."
        )
    if left.left:
        click.echo(f"  {left.left} cases cannot be opened with it. `tada case list` shows which are damaged.")


# ------------------------------------------------------------------ the recovery key


@keys.command()
@password_stdin
@pass_instance
def recovery(instance: Instance, from_stdin: bool) -> None:
    """Try the recovery key, without using it: is it written down rightly, and does it open what it should?

    Changes nothing. To be done before going live, once a year, and after each rotation.

    \b
    Examples:
      tada keys recovery
    """
    instance.keys.check()
    text = Secrets(from_stdin).existing("Recovery key")
    try:
        key = RecoveryKey.from_text(text)
    except WrongRecoveryKey:
        raise click.ClickException(
            "There is a slip in it: its last signs do not fit the others. It has fourteen groups of four; "
            "O and 0, I and 1, B and 8 are taken for each other."
        ) from None
    with instance.database.reading() as connection:
        held = desk_keys_of(connection, key)
    wrong = [
        generation
        for generation, public in {instance.keys.desk_public, instance.keys.newest_pinned}
        if generation not in held or key_pair_of(held[generation]).public != public
    ]
    if wrong:
        raise click.ClickException(
            "It opens an older desk key, and not the one that answers are sealed to. Treat this as an incident "
            "(docs/keys.md)."
        )
    click.echo("It is the recovery key of this instance, and opens every case.")
