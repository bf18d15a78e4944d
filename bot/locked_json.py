"""How the engine of later work writes what it keeps: as JSON, locked with the key of the day.

What it keeps are ids, and they are forgotten with the day's key. Of an exception only the class is kept.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from storage.epochs import Epoch, Epochs
from storage.errors import CannotOpen
from storage.keys import KeyDirectory
from storage.sealing import lock, unlock

_CONTEXT = ("engine", 1)
_CLASS = "class of exception"


class LockedJson:
    """A serializer as the engine wants one."""

    def __init__(self, keys: KeyDirectory) -> None:
        self._epochs, self._keys = Epochs(keys), keys

    def name(self) -> str:
        """Return what the engine notes beside each value, so that it is read as it was written."""
        return "tada"

    def serialize(self, data: Any) -> str:
        """Return a value as text. Raises: `KeyDirectoryUnsafe`."""
        today = self._epochs.living(datetime.now(UTC))[0]
        written = json.dumps(data, default=_class_of).encode()
        return f"{today.day}.{lock(today.errand, written, *_CONTEXT).hex()}"

    def deserialize(self, serialized_data: str) -> Any:
        """Return the value of a text. Raises: `CannotOpen`, `BadFormat`, `KeyDirectoryUnsafe`."""
        day, _, locked = serialized_data.partition(".")
        key = self._keys.epoch(int(day))
        if key is None:
            raise CannotOpen
        written = unlock(Epoch.of(int(day), key).errand, bytes.fromhex(locked), *_CONTEXT)
        return json.loads(written, object_hook=_of_class)


def _class_of(exception: object) -> dict[str, str]:
    return {_CLASS: type(exception).__name__}


def _of_class(found: dict[str, Any]) -> Any:
    return Exception(found[_CLASS]) if _CLASS in found else found
