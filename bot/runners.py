"""What the background work does for each channel that is switched on. Nothing is loaded of one that is off."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.errands import Runner
from bot.letters import Post, with_letters
from settings import Settings

if TYPE_CHECKING:
    from bot.door import Door
    from locales import Words

Round = Callable[[], None]
"""Something to do every minute. What it raises is logged, and it is called again the next time."""


def runners(settings: Settings, post: Callable[[], Post] | None = None) -> dict[str, Runner]:
    """Return what runs each kind of errand; none where no provider's channel is on.

    Args:
        post: what colleagues' letters are delivered with; None leaves them.
    """
    found: dict[str, Runner] = {}
    if settings.twilio:
        from bot.whatsapp import errands as twilio

        found |= twilio.runners(settings.twilio)
    if settings.telegram:
        from bot.telegram import errands as telegram

        found |= telegram.runners(settings.telegram)
    if settings.cloud:
        from bot.cloud import errands as cloud

        found |= cloud.runners(settings.cloud)
    return found if post is None else with_letters(found, settings, post)


def rounds(settings: Settings, door: Callable[[], Door], words: Callable[[], Words]) -> list[Round]:
    """Return what is done every minute.

    Args:
        door: makes the door through which missed messages come in; not called where there is no need.
        words: likewise, the catalogues.
    """
    if not settings.twilio:
        return []
    from bot.whatsapp import missed

    return missed.rounds(settings.twilio, settings.public_url, door(), words())
