"""The mails that tell colleagues how many cases wait: to the operator's own mail server, over TLS alone."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from flows.vocabulary import LANGUAGES
from locales import Words
from settings import Smtp
from storage import telling
from storage.telling import Due
from tada.instance import Instance
from tada.staff import desk_address

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 10.0
TLS_PORT = 465

Send = Callable[[Smtp, EmailMessage], None]


def send(settings: Smtp, message: EmailMessage) -> None:
    """Hand a mail over. Raises: `OSError`, `smtplib.SMTPException`."""
    safe = ssl.create_default_context()
    if settings.port == TLS_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=LIMIT_SECONDS, context=safe
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=LIMIT_SECONDS)
    with server:
        if settings.port != TLS_PORT:
            server.starttls(context=safe)
        if settings.user and settings.password:
            server.login(settings.user, settings.password)
        server.send_message(message)


def tell_the_team(instance: Instance, now: datetime, send: Send = send) -> int:
    """Tell everybody who is due. Whoever cannot be reached is tried again later.

    Returns:
        How many were told.
    Raises:
        StoreAway: the database cannot be had.
    """
    settings, told = instance.settings.smtp, 0
    if settings is None:
        return 0
    for each in telling.due(instance.database, now):
        try:
            send(settings, _mail(settings, instance.words, each, desk_address(instance.settings)))
        except (OSError, smtplib.SMTPException) as error:
            logger.error("a colleague could not be told", extra={"error": type(error).__name__})
            return told
        telling.note_told(instance.database, each, now)
        told += 1
    return told


def _mail(settings: Smtp, words: Words, to: Due, desk: str) -> EmailMessage:
    waiting = to.waiting
    params = {"cases": waiting.cases, "raised": waiting.raised, "a_day": waiting.a_day, "days": waiting.days}
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.sender, to.address
    # Neutral: it may show on a locked screen.
    mail["Subject"] = " / ".join(words.say(language, "digest.subject") for language in LANGUAGES)
    said = [words.say(language, "digest.body", params) for language in LANGUAGES]
    mail.set_content("\n\n".join([*said, f"{desk}/desk/queue"]) + "\n")
    return mail
