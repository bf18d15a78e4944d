"""What can go wrong in the store: one class for each thing a caller does differently.

No message holds words, addresses, links or keys, and none is chained to a driver's error that could.
"""

from __future__ import annotations


class StoreError(Exception):
    """Something is wrong with what is kept, or with what should keep it."""


class StoreAway(StoreError):
    """The database is locked, full, gone, or not set up. Nothing was kept, and nothing may be acknowledged."""


class StoreRefused(StoreError):
    """The database refused a row: what was to be written is not allowed, or is there already."""


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
