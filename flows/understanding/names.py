"""What somebody wants to be called, out of the words around it: "my name is Kit", 叫我阿玲."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"(?:(?:hi|hello|hey)[,.! ]+)?(?:my (?:nick)?name(?: is|'s|s)|(?:you (?:can|may) |just |please )?call me|i'?m called|i am called)[ :,]+"
    r"|(?:你好|hello|hi)?[，,！! ]*(?:(?:你?可以)?(?:叫|稱呼|嗌)我(?:做|為|作)?|我(?:嘅|的|個)?(?:花)?名(?:字)?(?:叫做?|係|是)|我叫做?)[ ：:，,]*",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ ,，]*(?:please|thanks|thank you|就得|就可以|就好|啦|吧|呀)?[ .。!！~]*$", re.IGNORECASE
)


def read_name(text: str) -> str:
    """Return the name in `text`, on one line; the whole text where nothing else is recognised. May be empty."""
    whole = " ".join(text.split())
    if (lead := _BEFORE.match(whole)) is None:
        return whole
    return _AFTER.sub("", whole[lead.end() :]) or whole
