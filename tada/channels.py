"""What `tada doctor` finds about the channels, from the settings alone: no provider is asked."""

from __future__ import annotations

from collections.abc import Iterator

from settings import Cloud, Settings, Telegram, Twilio
from tada.findings import Finding


def look_at_channels(settings: Settings) -> Iterator[Finding]:
    """Say which channels are on, and what is amiss with how they are set up."""
    on = {name: channel for name, channel in _channels(settings).items() if channel is not None}
    yield Finding("good", f"channels: {', '.join(('web chat', 'terminal', *on))}")
    yield from _reached(settings, on)
    if settings.twilio and settings.cloud:
        yield Finding(
            "look",
            "WhatsApp is on twice, through Twilio and by the Cloud API: a number belongs to one of them.",
            "Take out the settings of the other, unless people are moving from one number to another.",
        )
    for channel in on.values():
        yield from _left_over(channel, settings.is_public)


def _channels(settings: Settings) -> dict[str, Twilio | Telegram | Cloud | None]:
    return {
        "WhatsApp through Twilio": settings.twilio,
        "WhatsApp by the Cloud API": settings.cloud,
        "Telegram": settings.telegram,
    }


def _reached(settings: Settings, on: dict[str, Twilio | Telegram | Cloud]) -> Iterator[Finding]:
    """Look whether the providers can reach us: they call public addresses, and only over TLS."""
    url = settings.public_url
    if not on or (settings.is_public and url is not None and url.startswith("https://")):
        return
    if url is None and set(on) == {"Telegram"}:
        yield Finding(
            "look",
            "Telegram cannot reach us: TADA_PUBLIC_URL is not set.",
            "Set it, or try the bot with `tada channel telegram poll`.",
        )
        return
    yield Finding(
        "wrong",
        f"Nobody's messages arrive by {' or '.join(on)}: TADA_PUBLIC_URL is no public https address.",
        "Set TADA_PUBLIC_URL to the address that the provider was given.",
    )


def _left_over(channel: Twilio | Telegram | Cloud, is_public: bool) -> Iterator[Finding]:
    prefix = f"TADA_{type(channel).__name__.upper()}_"
    for name in type(channel).__dataclass_fields__:
        if getattr(channel, name) is None:
            continue
        if name.startswith("old_"):
            yield Finding(
                "look",
                f"{prefix}{name.upper()} is still set: whoever has it can write as the provider.",
                "Take it out once the new one has been in use for a day.",
            )
        if name == "api_base":
            yield Finding(
                "wrong" if is_public else "look",
                f"{prefix}API_BASE is set: this channel talks to a stand-in, for tests only.",
                f"Unset {prefix}API_BASE.",
            )
