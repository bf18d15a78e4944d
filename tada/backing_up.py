"""`tada backup` and `tada restore`: a locked copy of the database, and the copy of the keys that belongs to it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click

from storage import retention
from storage.backup import restore_backup, write_backup
from storage.erasing import EraseJournal
from storage.errors import BadFormat, CannotOpen
from tada.asking import Secrets, password_stdin
from tada.instance import Instance, pass_instance

NEVER_COPIED = re.compile(r"epoch-.*|\..*|bootstrap")
"""That keys of days are nowhere else is what makes forgetting true."""

SHORTEST = 15


@click.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--keys",
    "keys_to",
    type=click.Path(path_type=Path),
    help="Also copy the keys that stay, and the list of erased cases, into this new folder, for another place.",
)
@password_stdin
@pass_instance
def backup(instance: Instance, path: Path, keys_to: Path | None, from_stdin: bool) -> None:
    """Write a copy of the database into a new file, locked with a password.

    It is one moment, while people go on writing. Keep at most 14 days of them. Never in it: the key directory, sign-ins,
    and the list of erased cases, which has to be newer than any backup.

    \b
    Examples:
      tada backup /backups/tada-2026-11-22
      printf '%s\\n' "$PASSWORD" | tada backup /backups/today --password-stdin
      tada backup /backups/today --keys /media/usb/tada-keys
    """
    instance.keys.check()
    if keys_to is not None and keys_to.resolve().is_relative_to(path.resolve().parent):
        raise click.UsageError("Keys and backup in one place are no protection: name a folder elsewhere.")
    secret = Secrets(from_stdin)
    password = secret.existing("Password of the backup") if from_stdin else secret.new_password("the backup")
    if len(password) < SHORTEST:
        raise click.ClickException(f"The password of a backup has at least {SHORTEST} characters.")
    copied = write_backup(instance.database, path, password)
    click.echo(f"{path}: {sum(copied.rows.values())} rows, {copied.rows.get('cases', 0)} cases.")
    if keys_to is not None:
        _copy_keys(instance, keys_to)
        click.echo(f"{keys_to}: the keys that stay, and the list of erased cases. Lock it away, elsewhere.")


def _copy_keys(instance: Instance, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for file in sorted(instance.settings.keys.iterdir()):
        if not NEVER_COPIED.fullmatch(file.name):
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(0o600)
    if instance.settings.journal.exists():
        shutil.copyfile(instance.settings.journal, folder / instance.settings.journal.name)


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@password_stdin
@pass_instance
def restore(instance: Instance, path: Path, from_stdin: bool) -> None:
    """Bring a copy back into an empty database, and erase again what was erased since.

    Put the keys into TADA_HOME/keys first, and the newest list of erased cases beside them as TADA_HOME/erased.

    \b
    Examples:
      tada restore /backups/tada-2026-11-22
      TADA_HOME=/srv/tada TADA_DATABASE_URL=postgresql://db/new tada restore today
    """
    instance.require_init()
    instance.keys.check()
    password = Secrets(from_stdin).existing("Password of the backup")
    try:
        copied = restore_backup(instance.database, instance.keys, path, password)
    except CannotOpen:
        raise click.ClickException(
            "This password does not open it, or the file was altered or cut off. Nothing was restored."
        ) from None
    except BadFormat:
        raise click.ClickException(
            "This is no backup that this version can read. Nothing was restored."
        ) from None
    journal = instance.settings.journal
    erased = retention.replay_erasures(instance.database, EraseJournal(journal))
    click.echo(
        f"Restored what there was on {copied.made_at:%Y-%m-%d %H:%M} UTC: "
        f"{copied.rows.get('cases', 0)} cases, of which {erased} were erased since and are erased again."
    )
    if not journal.exists():
        click.echo(
            f"There is no {journal}: cases that were erased since the backup are back. Bring it, and serve."
        )
    click.echo("Everybody signs in anew. Look at it with: tada doctor")
