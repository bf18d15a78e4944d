"""What a button of ours carries: the step whose question it stands under, and the choice.

A client can send anything as the id of a button: what is not in this form was never one of ours.
"""

from __future__ import annotations

import re

_ID = re.compile(r"v1:(\w{1,40}):(\w{1,60})", re.ASCII)
"""At most 105 characters; Twilio takes 200, Meta 256 under a button and 200 in a list."""


def button_id(step: str, choice: str) -> str:
    """Return the id of a button."""
    return f"v1:{step}:{choice}"


def pressed(id_: str) -> tuple[str, str] | None:
    """Return the step and the choice of a button; None where it is none of ours."""
    found = _ID.fullmatch(id_)
    return (found[1], found[2]) if found else None
