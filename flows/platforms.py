"""What kind of place a site is: data in `platforms.csv`, one domain a line.

The types are those of the published statistics. Two of them are wider than their names: `image_hosting`
takes every place files are shared from (drives, video hosts), and `search_engine` takes face search too.
Telegram, with its public channels, counts as `social_media`; chats between people (WhatsApp, Discord,
LINE) are `messaging`.
"""

from __future__ import annotations

import csv
from pathlib import Path

PLATFORMS: tuple[str, ...] = (
    "pornographic_site",
    "social_media",
    "search_engine",
    "content_farm",
    "image_hosting",
    "messaging",
    "other",
)


def _read() -> dict[str, tuple[str, str]]:
    with Path(__file__).with_name("platforms.csv").open(encoding="utf-8", newline="") as lines:
        return {row["domain"]: (row["platform"], row["name"]) for row in csv.DictReader(lines)}


_BY_DOMAIN = _read()


def _nearest(host: str) -> tuple[str, str] | None:
    """Return the row of the host or of the closest domain above it."""
    while host:
        if host in _BY_DOMAIN:
            return _BY_DOMAIN[host]
        host = host.partition(".")[2]
    return None


def is_listed(host: str) -> bool:
    """Tell whether the host, or a domain above it, stands in `platforms.csv`."""
    return _nearest(host) is not None


def platform_of(host: str) -> str:
    """Return the platform type of a host in lower case; `other` where nothing is known.

    The closest domain decides: `drive.google.com` is not what `google.com` is.
    """
    row = _nearest(host)
    return row[0] if row else "other"


def name_of(host: str) -> str | None:
    """Return what people call the place, such as `連登 LIHKG`; None where nothing is known."""
    row = _nearest(host)
    return row[1] if row else None
