"""What `tada doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mark = Literal["good", "look", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `wrong` stops the service from being safe or from working."""

    mark: Mark
    what: str
    to_do: str | None = None
    details: tuple[str, ...] = ()
