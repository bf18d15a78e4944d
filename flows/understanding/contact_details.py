"""What reading a contact detail ends in: a way to be reached, or why to ask again."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Problem(StrEnum):
    """Why no detail could be taken; the text that asks again is `contact.problem.<value>`."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NOT_A_NUMBER = "not_a_number"
    UNKNOWN_COUNTRY = "unknown_country"
    """A number, but none of Hong Kong, and without a country code."""
    NO_AT_SIGN = "no_at_sign"
    """Nothing that can be an e-mail address."""
    BAD_DOMAIN = "bad_domain"
    """The part after the @ does not exist, or is a slip of a well-known one."""
    BAD_USERNAME = "bad_username"
    SEVERAL = "several"
    """Different ones, and nothing says which."""


@dataclass(frozen=True)
class Contact:
    """A way to be reached.

    Attributes:
        value: in one form: E.164 (`+85291234567`, with `;ext=12` where there is an extension),
            `@username` in lower case, or an e-mail address with its domain in lower case.
        shown: as people read it: `+852 9123 4567`.
    """

    value: str = field(repr=False)
    shown: str = field(repr=False)
