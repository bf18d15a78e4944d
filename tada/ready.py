"""What must be true before anybody is served."""

from __future__ import annotations

import click

from storage import retention
from storage.erasing import EraseJournal
from storage.setup import initialise
from tada.facts import REFERRAL, may_be_public
from tada.instance import Instance


def make_ready(instance: Instance) -> None:
    """Refuse to serve what would be unsafe, bring the tables to this version, and erase what a backup brought back.

    Raises:
        NotSetUp: `tada init` did not run.
        KeyDirectoryUnsafe: a key is missing, is readable by others, or is not the pinned one.
        KeysUnusable: keys and database belong to different instances.
        click.ClickException: a public instance gives out a referral for children that nobody checked, or has the
            colleagues of the demo.
        StoreAway: the database cannot be had.
    """
    settings = instance.settings
    instance.require_init()
    instance.keys.check()
    initialise(settings.home, settings.database_url)
    retention.replay_erasures(instance.database, EraseJournal(settings.journal))
    if settings.is_public:
        _check_fit_for_the_public(instance)


def _check_fit_for_the_public(instance: Instance) -> None:
    from tada.demo import has_demo  # with all that the demo needs: not on one's own machine

    settings = instance.settings
    if not may_be_public(settings):
        raise click.ClickException(
            f"The referral for people under 16 ({REFERRAL}) was never checked by a person, so this cannot be "
            f"public. Open it, then write that into {settings.facts} (docs/going-live.md)."
        )
    if has_demo(instance.database):
        raise click.ClickException(
            "The colleagues of the demo are here, whose password everybody knows, so this cannot be public. "
            "Begin with a new TADA_HOME and a new database."
        )
