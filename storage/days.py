"""Days as they are stored: UTC day numbers, whole days since 1970-01-01."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_SECONDS_A_DAY = 86_400
_FIRST_DAY = date(1970, 1, 1)


def day_of(moment: datetime) -> int:
    """Return the UTC day number of a moment, which has a timezone."""
    return int(moment.astimezone(UTC).timestamp()) // _SECONDS_A_DAY


def date_of_day(day: int) -> date:
    """Return the date of a UTC day number."""
    return _FIRST_DAY + timedelta(days=day)


def day_of_date(on: date) -> int:
    """Return the UTC day number of a date."""
    return (on - _FIRST_DAY).days
