"""Ways to be reached: a telephone number, a Telegram user name, an e-mail address, with prose around them.

What was read is shown back; what could mean two things is asked again.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Literal

from email_validator import EmailNotValidError, validate_email

from flows.understanding.contact_details import Contact, Problem
from flows.understanding.hosts import ascii_host, is_public, is_top_level_domain
from flows.understanding.link_letters import HAN, LATIN
from flows.understanding.phones import read_phone
from flows.understanding.text import clean

__all__ = ["LONGEST_ANSWER", "Contact", "Problem", "read_contact"]

LONGEST_ANSWER = 1000
"""Characters that are read. A detail that stands further on is not found, and asked for again."""

_TABLES = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def read_contact(kind: Literal["phone", "telegram", "email"], text: str) -> Contact | Problem:
    """Read the detail of this kind out of an answer. Takes any text, and never raises.

    A telephone number given for Telegram is taken as one: Telegram finds people by it.
    """
    text = unicodedata.normalize("NFKC", clean(text[:LONGEST_ANSWER]))
    match kind:
        case "phone":
            return read_phone(text)
        case "telegram":
            return _telegram(text)
        case "email":
            return _email(text)


# ------------------------------------------------------------------ Telegram

# Letters, digits and single underscores, not at the end. Source: https://core.telegram.org/method/account.checkUsername
_USERNAME = re.compile(r"(?=.{5,32}\Z)[A-Za-z](?:_?[A-Za-z0-9])*")
_NAME = re.compile(r"(?<![A-Za-z0-9_.])[A-Za-z]\w{4,}+(?![-.]\w)", re.ASCII)
_NAME_IN_LINK = re.compile(
    r"(?:(?<![\w.-])(?:www\.)?(?:t|telegram)\.(?:me|dog)/(?:s/)?@?|tg:(?://)?resolve\?domain=)(\w+)|(?<![\w.-])(\w+)\.t\.me\b",
    re.ASCII | re.IGNORECASE,
)
_INVITATION = re.compile(r"(?:t|telegram)\.(?:me|dog)/(?:\+(?!\d{8,15}\b)|joinchat/|c/)", re.IGNORECASE)
_AFTER_AT = re.compile(r"(?<![\w.])@ ?(\w++)(?![-.]\w)", re.ASCII)
_SAID = re.compile(
    r"(?:\b(?:is|called)\b|名?係|是|叫做?|[:=])[ :]*[\"'「]?([A-Za-z]\w{4,})", re.ASCII | re.IGNORECASE
)
_NOT_USERNAMES = frozenset(_TABLES["not_usernames"])


def _telegram(text: str) -> Contact | Problem:
    names = [name or other for name, other in _NAME_IN_LINK.findall(text)] or _AFTER_AT.findall(text)
    if not names and _INVITATION.search(text):
        return Problem.BAD_USERNAME
    if not names:
        possible = [name for name in _NAME.findall(text) if name.lower() not in _NOT_USERNAMES]
        if possible != [text]:
            phone = read_phone(text)
            if phone is Problem.SEVERAL or isinstance(phone, Contact):
                return phone
        with_signs = [name for name in possible if re.search(r"[\d_]", name)]
        names = _SAID.findall(text)[-1:] or with_signs or (possible if len(possible) == 1 else [])
    distinct = {name.lower(): name for name in names}
    if len(distinct) > 1:
        return Problem.SEVERAL
    for value, name in distinct.items():
        if _USERNAME.fullmatch(name) and value not in _NOT_USERNAMES:
            return Contact(f"@{value}", f"@{name}")
    return Problem.BAD_USERNAME


# ------------------------------------------------------------------ e-mail

_LOCAL = r"[A-Za-z0-9\u00c0-\u024f.!#$%&*+/=?^_`{|}~-]+"
_DOMAIN = rf"(?:[{LATIN}_-]+|[{HAN}]+)(?:\.(?:[{LATIN}_-]+|[{HAN}]+))*"
_ADDRESS = re.compile(rf"({_LOCAL})@({_DOMAIN})")
_SPELLED = (
    (re.compile(r"\s*[\[({<]\s*at\s*[\])}>]\s*|小老鼠", re.IGNORECASE), "@"),
    (re.compile(r"\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|(?<=\w)[。｡](?=\w)", re.IGNORECASE), "."),
    (
        re.compile(
            r"(?<=\w)\s+at\s+(?=[\w-]+(?:\s+dot\s+|\s*\.\s*)\w+(?:(?:\s+dot\s+|\.)\w+)*\W*\Z)", re.IGNORECASE
        ),
        "@",
    ),
    (re.compile(r"(?<=\w)\s+dot\s+(?=\w)", re.IGNORECASE), "."),
)
_SPACED = (
    (re.compile(r"(?<=\w)\s*@\s*(?=\w)"), "@"),
    (re.compile(r"(?<=\w)\s*\.\s*(?=(?:com|net|org|hk|tw|cn)\b)"), "."),
)
_SLIPS = frozenset(_TABLES["slips_of_domains"])


def _email(text: str) -> Contact | Problem:
    for pattern, sign in _SPELLED:
        text = pattern.sub(sign, text)
    addresses = _ADDRESS.findall(text)
    if not any("." in domain for _, domain in addresses):
        for pattern, sign in _SPACED:
            text = pattern.sub(sign, text)
        addresses = _ADDRESS.findall(text)
    read = {
        contact.value if isinstance(contact, Contact) else contact: contact
        for contact in map(_checked, addresses)
    }
    contacts = [contact for contact in read.values() if isinstance(contact, Contact)]
    if len(contacts) > 1:
        return Problem.SEVERAL
    return next(iter(contacts or read.values()), Problem.NO_AT_SIGN)


def _checked(address: tuple[str, str]) -> Contact | Problem:
    local, domain = address[0].strip("./"), address[1].strip(".-_").lower()
    host = ascii_host(domain)
    if not host or not is_public(host) or not is_top_level_domain(host.rpartition(".")[2]) or host in _SLIPS:
        return Problem.BAD_DOMAIN
    try:
        email = validate_email(f"{local}@{domain}", check_deliverability=False).normalized
    except EmailNotValidError:
        return Problem.NO_AT_SIGN
    return Contact(email, email)
