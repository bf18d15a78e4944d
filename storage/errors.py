"""What can go wrong in the store: one class for each thing a caller does differently.

No message holds words, addresses, links or keys, and none is chained to a driver's error that could.
"""

from __future__ import annotations

from typing import Literal


class StoreError(Exception):
    """Something is wrong with what is kept, or with what should keep it."""


class StoreAway(StoreError):
    """The database is locked, full, gone, or not set up. Nothing was kept, and nothing may be acknowledged."""


class StoreRefused(StoreError):
    """The database refused a row: what was to be written is not allowed, or is there already."""


class Overtaken(StoreError):
    """Somebody else wrote to this conversation since it was read. Nothing was kept; take the message again."""


class StateUnreadable(StoreError):
    """A conversation is there and cannot be read. It stays as it is; an operator must look."""


class KeysUnusable(StoreError):
    """The key directory is missing a key, is readable by others, or holds a key that is not the pinned one."""


class CannotOpen(StoreError):
    """The key, the context or the sealed bytes are not the ones that belong together."""


class BadFormat(StoreError):
    """These bytes were never sealed by a version this one knows."""


class TooLong(StoreError):
    """The plaintext is longer than the largest size that is sealed."""


class KeyDirectoryUnsafe(KeysUnusable):
    """A file of the key directory must be put right first.

    Attributes:
        file: its name, or `.` for the directory itself.
        what: what is wrong with it.
    """

    def __init__(self, file: str, what: str) -> None:
        super().__init__(f"key directory, {file}: {what}")
        self.file = file
        self.what = what


# ------------------------------------------------------------------ colleagues


class WrongPassword(StoreError):
    """There is no active colleague with this name and password. Which of the two is wrong is not said."""


class StaffDisabled(StoreError):
    """The password is right, and this colleague may no longer sign in."""


class SignedOut(StoreError):
    """There is no such sign-in or one-time link, or none any more. Which of the two is not said."""


class WrongCode(StoreError):
    """The second factor is not right, or was used before."""


class TooManyTries(StoreError):
    """Too many tries in vain; the next one has to wait.

    Attributes:
        seconds: for how long.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__("too many tries")
        self.seconds = seconds


class UnfitPassword(StoreError):
    """The password may not be used.

    Attributes:
        why: `too_short`, `too_long`, or `known` to those who guess passwords.
    """

    def __init__(self, why: Literal["too_short", "too_long", "known"]) -> None:
        super().__init__(why)
        self.why = why


class UnfitName(StoreError):
    """The name is empty, too long, or has characters that do not show."""


class StaffExists(StoreError):
    """There is a colleague with this name already."""


class StaffNotFound(StoreError):
    """There is no colleague with this name."""


class NotAllowed(StoreError):
    """The role of whoever asks, or the moment, does not allow this."""


class NotYours(NotAllowed):
    """The role works on its own cases, and this is not one of them."""


class LastKeyHolder(StoreError):
    """Nobody but the recovery key could open a case after this."""


class OwnRole(StoreError):
    """Nobody gives themselves another role: a colleague does."""


class WrongRecoveryKey(StoreError):
    """The recovery key has a slip in it, or belongs to another instance."""


# ------------------------------------------------------------------ cases


class CaseNotFound(StoreError):
    """No submitted case has this reference."""


class Taken(StoreError):
    """Somebody else was faster, or has the case already.

    Attributes:
        name: of the colleague who has it; None where they are not known.
    """

    def __init__(self, name: str | None) -> None:
        super().__init__("somebody else has this case")
        self.name = name


class CaseClosed(StoreError):
    """The case is closed; it has to be opened again first."""


class RequestNotFound(StoreError):
    """There is no such request of somebody for their data, or it was seen to meanwhile."""


class SamePerson(StoreError):
    """It takes two people, and whoever proposed it cannot confirm it as well."""


class CannotReach(StoreError):
    """There is no way to send this person something: no chat that lasts, and no case code."""


class CaseDamaged(StoreError):
    """A case is not what was submitted: an incident. Nothing of it may be shown as genuine.

    Attributes:
        check: what failed: `key`, `signature`, `manifest`, `label` (the reference, priority, language or
            channel that stand in the open), `answers`, `entries` (what colleagues wrote).
    """

    def __init__(self, check: Literal["key", "signature", "manifest", "label", "answers", "entries"]) -> None:
        super().__init__(f"the {check} of this case failed its check")
        self.check = check
