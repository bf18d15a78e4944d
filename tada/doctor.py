"""`tada doctor`: looks at everything an operator is responsible for, and says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import text

from settings import SECRETS, SettingsError, unknown_settings
from storage import audit, migrations, rotation
from storage.days import day_of
from storage.errand_queue import ErrandQueue
from storage.opening import ROLES_THAT_READ
from storage.staff import ROLES_WITH_SLOT, list_staff
from tada.channels import look_at_channels
from tada.demo import has_demo
from tada.facts import may_be_public, stale_facts, told
from tada.findings import Finding, Mark
from tada.instance import Instance, pass_instance
from tada.output import print_json
from tada.problems import explain
from tada.worker import SILENT_AFTER_SECONDS, seen_at

MEGABYTE = 1_000_000
LITTLE_SPACE = 1_000 * MEGABYTE
NO_SPACE = 100 * MEGABYTE

CLOCKS_APART_SECONDS = 5
"""How far the clock of a database on another machine may be from ours."""

MADE_ON = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""

_SIGNS: dict[Mark, str] = {"good": "✓ good ", "look": "! look ", "wrong": "✗ wrong"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_instance
def doctor(instance: Instance, as_json: bool) -> None:
    """Look at everything, and say what to do.

    Looks at settings, keys, database, log, facts, texts, clock and disk.

    Ends with 1 if something is wrong; what only needs a look does not count.

    \b
    Examples:
      tada doctor
      tada doctor --json
    """
    findings = list(examine(instance))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{_SIGNS[finding.mark]}  {finding.what}")
            for detail in finding.details:
                click.echo(f"{'':9}  {detail}")
            if finding.to_do:
                click.echo(f"{'':9}→ {finding.to_do}")
    if any(finding.mark == "wrong" for finding in findings):
        raise click.exceptions.Exit(1)


def examine(instance: Instance) -> Iterator[Finding]:
    """Look at everything; what cannot be looked at is itself a finding."""
    try:
        settings = instance.settings
    except SettingsError as error:
        yield from (Finding("wrong", line) for line in str(error).splitlines())
        return
    looks = [_settings, _facts, _texts, _public, _channels]
    if settings.keys.exists():
        looks += [_keys, _database, _clock, _staff, _log, _space, _worker, _errands]
    else:
        yield Finding("wrong", f"There is no instance in {settings.home} yet.", "tada init")
    for look in looks:
        try:
            yield from look(instance)
        except Exception as error:
            yield Finding("wrong", explain(error) or f"{look.__name__[1:]}: {type(error).__name__}")


# ------------------------------------------------------------------ what is looked at


def _settings(instance: Instance) -> Iterator[Finding]:
    settings = instance.settings
    yield Finding("good", f"settings of the instance in {settings.home}")
    for name in unknown_settings(instance.environ):
        yield Finding("look", f"{name} is no setting.", "See docs/running.md for their names.")
    if settings.file.exists() and settings.file.stat().st_mode & 0o077:
        secrets = [name for name in SECRETS if name in settings.file.read_text(encoding="utf-8")]
        if secrets:
            yield Finding(
                "wrong",
                f"{settings.file} holds a secret and others can read it.",
                f"chmod 600 {settings.file}",
            )
    if not settings.rate_limits:
        yield Finding(
            "wrong" if settings.is_public else "look", "Rate limits are off.", "Unset TADA_RATE_LIMITS."
        )


def _keys(instance: Instance) -> Iterator[Finding]:
    problems = instance.keys.problems()
    for problem in problems:
        yield Finding("wrong", f"key directory, {problem.file}: {problem.what}", "docs/keys.md")
    if not problems:
        generation, _ = instance.keys.desk_public
        yield Finding("good", f"keys: desk key of generation {generation}, pinned; nobody else can read them")
        if instance.keys.newest_pinned[0] != generation:
            yield Finding(
                "look",
                "The settings pin an older desk key than the newest one.",
                "Set TADA_DESK_KEY_FINGERPRINT to what `tada keys rotate` printed, and start `tada serve` anew.",
            )
        going = rotation.progress(instance.database)
        if going is not None:
            yield Finding(
                "look",
                f"The desk key is being rotated: {going.left} cases and {going.drafts} unfinished conversations left.",
                "tada keys rotate --by COLLEAGUE",
            )
        if instance.settings.is_public and instance.settings.desk_key_fingerprint is None:
            yield Finding(
                "look",
                "The desk key is pinned only by a file beside it.",
                "Set TADA_DESK_KEY_FINGERPRINT to what `tada keys status` prints.",
            )


def _database(instance: Instance) -> Iterator[Finding]:
    database = instance.database
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
    found = migrations.current(database.engine)
    if found == migrations.head():
        yield Finding("good", f"database: {database.dialect}, tables of version {found}")
    elif found is None:
        yield Finding("wrong", "The database has no tables.", "tada init")
    else:
        yield Finding(
            "wrong",
            f"The tables are of version {found}, not {migrations.head()}.",
            "Start `tada serve` anew.",
        )


def _clock(instance: Instance) -> Iterator[Finding]:
    now = datetime.now(UTC)
    newest = max(instance.keys.living_epochs(), default=0)
    if now < MADE_ON or day_of(now) < newest:
        yield Finding(
            "wrong",
            f"The clock says {now:%Y-%m-%d}, which has passed already: nothing is forgotten in time.",
            "Set the clock and have it kept by NTP.",
        )
        return
    if instance.database.dialect == "postgresql":
        with instance.database.reading() as connection:
            theirs = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        apart = abs(float(theirs) - datetime.now(UTC).timestamp())
        if apart > CLOCKS_APART_SECONDS:
            yield Finding(
                "look", f"The clock of the database is {apart:.0f} s apart from ours.", "Keep both by NTP."
            )
            return
    yield Finding("good", f"clock: {now:%Y-%m-%d %H:%M} UTC")


def _staff(instance: Instance) -> Iterator[Finding]:
    if has_demo(instance.database):
        yield Finding(
            "wrong" if instance.settings.is_public else "look",
            "The colleagues of the demo work here, whose password everybody knows.",
            "For real cases begin with a new TADA_HOME and a new database.",
        )
    active = [member for member in list_staff(instance.database) if member.state == "active"]
    opening = sum(member.role in ROLES_THAT_READ for member in active)
    vouching = sum(member.role in ROLES_WITH_SLOT for member in active)
    if not opening:
        yield Finding("look", "Nobody can open a case yet.", "tada staff add NAME --role supervisor")
    elif vouching == 1:
        yield Finding(
            "look",
            "One colleague alone holds the desk key: a lost password leaves only the recovery key.",
            "tada staff add NAME --role intake --by COLLEAGUE",
        )
    else:
        yield Finding("good", f"staff: {opening} can open cases, {vouching} hold the desk key")


def _log(instance: Instance) -> Iterator[Finding]:
    with instance.database.reading() as connection:
        broken = audit.first_broken(connection)
    if broken is None:
        yield Finding("good", "log: every entry follows from the one before")
    else:
        yield Finding("wrong", f"The log was altered, or cut off before entry {broken}.", "docs/keys.md")


def _facts(instance: Instance) -> Iterator[Finding]:
    settings = instance.settings
    stale = stale_facts(settings)
    if stale:
        yield Finding(
            "look",
            f"facts: {len(stale)} were not checked by a person in the last 90 days",
            f"Check each, then write that into {settings.facts} (docs/going-live.md).",
            tuple(told(fact) for fact in stale),
        )
    else:
        yield Finding("good", "facts: every number and link was checked in the last 90 days")
    if settings.is_public and not may_be_public(settings):
        yield Finding("wrong", "The referral for people under 16 is not checked.", "docs/going-live.md")


def _texts(instance: Instance) -> Iterator[Finding]:
    _ = instance.words
    yield Finding("good", "texts: both catalogues are built")


def _public(instance: Instance) -> Iterator[Finding]:
    url = instance.settings.public_url
    if url is None:
        yield Finding(
            "look", "TADA_PUBLIC_URL is not set: for trying things out on this machine.", "docs/going-live.md"
        )
    elif instance.settings.is_public and not url.startswith("https://"):
        yield Finding(
            "wrong",
            "The public address is not https: anybody on the way could read along.",
            "docs/going-live.md",
        )
    else:
        yield Finding("good", f"public address: {url}")


def _channels(instance: Instance) -> Iterator[Finding]:
    yield from look_at_channels(instance.settings)


def _space(instance: Instance) -> Iterator[Finding]:
    free = shutil.disk_usage(instance.settings.home).free
    mark: Mark = "wrong" if free < NO_SPACE else "look" if free < LITTLE_SPACE else "good"
    yield Finding(
        mark,
        f"disk: {free // MEGABYTE} MB free for {instance.settings.home}",
        None if mark == "good" else "Make room: with a full disk no message can be taken.",
    )


def _worker(instance: Instance) -> Iterator[Finding]:
    seen = seen_at(instance.settings.home)
    silent = timedelta(seconds=SILENT_AFTER_SECONDS)
    if seen is None:
        yield Finding("look", "The background work has never run.", "tada serve (or tada worker)")
    elif datetime.now(UTC) - seen > silent:
        yield Finding(
            "look",
            f"The background work was last seen {seen:%Y-%m-%d %H:%M} UTC: nothing is forgotten meanwhile.",
            "tada serve (or tada worker)",
        )
    else:
        yield Finding("good", "background work: at work")


def _errands(instance: Instance) -> Iterator[Finding]:
    waiting = ErrandQueue(instance.database, instance.keys).waiting(datetime.now(UTC))
    late = _by_code({kind: each.late for kind, each in waiting.items()})
    dead = _by_code({kind: each.dead for kind, each in waiting.items()})
    if late:
        yield Finding(
            "look",
            "Errands at providers have waited for more than an hour.",
            "Is the worker at work, the channel on, its token right? docs/running.md says what the codes mean.",
            late,
        )
    if dead:
        yield Finding(
            "look",
            "Errands at providers were given up in the last 14 days, and are not tried again.",
            "docs/running.md says what that means for people.",
            dead,
        )
    if not late and not dead:
        yield Finding(
            "good", f"errands at providers: {sum(each.waiting for each in waiting.values())} waiting"
        )


def _by_code(counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    return tuple(
        f"{kind}: {n} with code {code}" for kind, codes in counts.items() for code, n in codes.items()
    )
