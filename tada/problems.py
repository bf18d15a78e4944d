"""What an operator is told when something fails: one line, what happened and what to do."""

from __future__ import annotations

from pathlib import Path

import click

from locales import FactsError, WordsError
from logs import place_of
from settings import SettingsError
from storage import errors

_SAID: dict[type[errors.StoreError], str] = {
    errors.StoreAway: "The database cannot be had: away, locked, full, or not set up. `tada doctor` looks closer.",
    errors.WrongPassword: "This name and password do not belong together.",
    errors.StaffDisabled: "This colleague may no longer sign in.",
    errors.UnfitName: "A name has 1 to 80 characters that show.",
    errors.StaffExists: "There is a colleague with this name already: `tada staff list`.",
    errors.StaffNotFound: "There is no colleague with this name: `tada staff list`.",
    errors.NotAllowed: (
        "This is not allowed to this colleague: docs/keys.md lists what each role may do. Whoever vouches, and the "
        "first colleague of all, is one who holds the desk key."
    ),
    errors.LastKeyHolder: "Nobody else would hold the desk key after this. Add another colleague first: `tada staff add`.",
    errors.WrongRecoveryKey: "This recovery key has a slip in it, or belongs to another instance.",
    errors.CaseNotFound: "No submitted case has this reference.",
    errors.StateUnreadable: "A stored conversation cannot be read. It stays as it is; keep a copy before anything else.",
    errors.CannotOpen: "Something stored does not open with the keys of this instance. `tada doctor` looks closer.",
    errors.BadFormat: "Something stored was written by a version that this one does not know.",
}

_UNFIT_PASSWORD = {
    "too_short": "A password has at least 15 characters. A few words that do not belong together are easy to keep.",
    "too_long": "A password has at most 128 characters.",
    "known": "This password is among those that are guessed first. Choose another one.",
}


def told(error: Exception) -> str:
    """Return what to tell of any error; of one that nobody foresaw its class and its place alone."""
    explained = error.format_message() if isinstance(error, click.ClickException) else explain(error)
    if explained is not None:
        return explained
    places = " < ".join(reversed(place_of(error.__traceback__)))
    return f"Something went wrong that nobody foresaw: {type(error).__name__} at {places}. Please report this line."


def explain(error: Exception) -> str | None:
    """Return what to tell of an error, or None for one that nobody foresaw."""
    match error:
        case errors.UnfitPassword():
            return _UNFIT_PASSWORD[error.why]
        case errors.CaseDamaged():
            return (
                f"This case is not what was submitted: its {error.check} failed the check. Nothing of it is shown. "
                "Treat this as an incident: keep a copy of database and keys, and see docs/keys.md."
            )
        case errors.StoreError() if type(error) in _SAID:
            return _SAID[type(error)]
        case errors.StoreError() | SettingsError() | FactsError() | WordsError():
            said = str(error)  # written for operators: files, variables and what to do
            return said[:1].upper() + said[1:]
        case OSError():
            return f"{error.strerror or type(error).__name__}: {_name_of(error)}"
    return None


def _name_of(error: OSError) -> str:
    return str(Path(str(error.filename))) if error.filename else "a file or connection"
