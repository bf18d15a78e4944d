"""Colleagues are told how many cases wait: by the operator's own mail server, over TLS alone, or by the bot."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from bot.telegram import later
from flows.vocabulary import LANGUAGES
from locales import Words
from settings import Smtp
from storage import telling
from storage.team_chat import chat_of
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
    told, mail_is_away = 0, False
    for each in telling.due(instance.database, now):
        try:
            is_told = _tell_in_chat(instance, each) or (
                not mail_is_away and _tell_by_mail(instance, each, send)
            )
        except (OSError, smtplib.SMTPException) as error:
            logger.error("a colleague could not be told", extra={"error": type(error).__name__})
            mail_is_away = True  # each try waits for it, and so would all else that the worker does
            continue
        if is_told:
            telling.note_told(instance.database, each, now)
            told += 1
    return told


def _tell_by_mail(instance: Instance, to: Due, send: Send) -> bool:
    settings = instance.settings.smtp
    if settings is None or not to.address:
        return False
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.sender, to.address
    # Neutral: it may show on a locked screen.
    mail["Subject"] = " / ".join(instance.words.say(language, "digest.subject") for language in LANGUAGES)
    mail.set_content(f"{_said(instance.words, to)}\n\n{desk_address(instance.settings)}/desk/queue\n")
    send(settings, mail)
    return True


def _tell_in_chat(instance: Instance, to: Due) -> bool:
    """Leave it to the errands, which go on trying for a day."""
    if instance.settings.telegram is None or to.sealed_chat is None:
        return False
    chat = chat_of(instance.keys, to.staff_id, to.sealed_chat)
    if chat is None:
        return False
    instance.reception.run_later(later.send(int(chat), [_said(instance.words, to)]))
    return True


def _said(words: Words, to: Due) -> str:
    waiting = to.waiting
    params = {"cases": waiting.cases, "raised": waiting.raised, "a_day": waiting.a_day, "days": waiting.days}
    return "\n\n".join(words.say(language, "digest.body", params) for language in LANGUAGES)
