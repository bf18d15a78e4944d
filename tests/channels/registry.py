"""The channels that the suite is run for: every one that the application has, or the suite says which is not."""

from __future__ import annotations

from tests.channels.cloud import CLOUD
from tests.channels.harness import Channel
from tests.channels.telegram import TELEGRAM
from tests.channels.terminal import TERMINAL
from tests.channels.twilio import TWILIO
from tests.channels.web import WEB

CHANNELS: tuple[Channel, ...] = (WEB, TERMINAL, TWILIO, TELEGRAM, CLOUD)
