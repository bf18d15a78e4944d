"""Times as providers write them."""

from __future__ import annotations

from datetime import UTC, datetime

_LATEST = 2**33
"""In the year 2242: whatever is said to be later is no time."""


def moment(seconds: object) -> datetime | None:
    """Return a time given in seconds since 1970, or None where it is none."""
    if type(seconds) is not int or not 0 < seconds < _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
