"""What runs an errand: a function of its provider's module, which returns when it is done or says why not.

An errand may be run twice: a runner first looks whether there is still something to do, or does what does no harm
a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

Letter = Mapping[str, Any]
"""What a sealed letter held."""

Runner = Callable[[str, Letter], None]
"""Takes the subject and the letter (empty where there is none). Returns when the errand is done.

Raises:
    TryAgain: not now.
    GiveUp: never.
"""


class TryAgain(Exception):
    """The errand could not be done now.

    Attributes:
        code: the provider's error code, or a word of ours; never a text, an address or an id.
        after: how long the provider asks us to wait; None for the usual, growing time.
    """

    def __init__(self, code: str, after: timedelta | None = None) -> None:
        super().__init__(code)
        self.code, self.after = code, after


class GiveUp(Exception):
    """The errand can never be done: it is kept as a dead letter for the operator to see.

    Attributes:
        code: as for `TryAgain`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
