"""What keeps an instance: making it, its forgetting, its background work."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from logs import keep_logs
from storage import retention
from storage.setup import initialise
from tada.instance import Instance, pass_instance
from tada.output import print_json
from tada.worker import work


@click.command()
@pass_instance
def init(instance: Instance) -> None:
    """Make keys and database, once.

    They are made in TADA_HOME; what is there already stays.

    Prints the recovery key, this once.

    \b
    Examples:
      tada init
      TADA_HOME=/srv/tada TADA_DATABASE_URL=postgresql://db/tada tada init
    """
    settings = instance.settings
    made = initialise(settings.home, settings.database_url)
    if made.recovery_key_text is None:
        click.echo(f"The instance in {settings.home} is set up.")
        return
    click.echo(
        f"The instance in {settings.home} is made.\n\n"
        f"  RECOVERY KEY. Write it on paper now: it is shown this once and kept nowhere.\n\n"
        f"    {_in_lines(made.recovery_key_text)}\n\n"
        "  It opens every case if all colleagues lose their passwords, and so does anybody who finds it.\n"
        "  Keep it locked away from this machine (docs/keys.md).\n"
    )


def _in_lines(recovery_key: str, groups_a_line: int = 7) -> str:
    groups = recovery_key.split("-")
    lines = [groups[start : start + groups_a_line] for start in range(0, len(groups), groups_a_line)]
    return "\n    ".join("-".join(line) for line in lines)


@click.command()
@pass_instance
def worker(instance: Instance) -> None:
    """Do the background work alone.

    It forgets what is due, and moves what stays to the keys of the day.

    `tada serve` does it too. Where several machines serve, run one on each; for each home one works
    and the others wait to take over.

    \b
    Examples:
      tada worker
    """
    instance.keys.check()
    keep_logs()
    work(instance)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def purge(instance: Instance, as_json: bool) -> None:
    """Remove now whatever is due to be forgotten.

    Its traces in the database files go too.

    The background work does this by itself. Look at the clock of this machine first: what its time
    says is due is gone for good.

    \b
    Examples:
      tada purge
    """
    instance.keys.check()
    now, hours = datetime.now(UTC), instance.settings.draft_hours
    purged = asdict(retention.purge(instance.database, instance.keys, now, hours))
    retention.run_later_work(instance.database, now)
    if as_json:
        print_json(purged)
        return
    gone = [f"{number} {name.replace('_', ' ')}" for name, number in purged.items() if number]
    click.echo("Removed: " + ", ".join(gone) + "." if gone else "Nothing was due.")
