"""The letters links are written in, and the ones that only touch them. Written for use inside `[…]` of a pattern."""

from __future__ import annotations

import re

HAN = (
    r"\u2e80-\u2fff\u3005\u3007\u3040-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
"""Letters of scripts written without spaces: prose that touches a link, unless the place speaks for a link."""
HIDDEN = r"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""Characters nobody sees. Apps put them around links and, to wrap long ones, into them."""
LATIN = r"A-Za-z0-9\u00c0-\u024f"
"""Letters and digits of a name that can stand beside Chinese prose and be told from it."""
URL = r"A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|^{}\u00c0-\u1fff"
"""Everything a path or a query can hold, but for `HAN`."""

_WIDE_LETTERS = {
    ord(letter) + 0xFEE0: letter
    for letter in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
}
_SIGNS = "：／．＝＆＿－％＃＋＠～"
_SIGN_IN_LINK = re.compile(
    rf"(?<=[A-Za-z0-9/:.=&?_%~{_SIGNS}？-])"
    rf"(?:[{_SIGNS}](?=[A-Za-z0-9/{_SIGNS}？])|？(?=[A-Za-z_]{{1,20}}[=＝]))"
)
_HIDDEN = re.compile(f"[{HIDDEN}]")
HIDDEN_LETTERS = "".join(filter(_HIDDEN.match, map(chr, (*range(0x2070), 0xFEFF))))


def narrowed(text: str) -> str:
    """Return the text with full-width letters, and full-width signs inside links, made half-width.

    Every character stays in its place. Other full-width signs are the punctuation of Chinese sentences.
    """
    return _SIGN_IN_LINK.sub(lambda sign: chr(ord(sign[0]) - 0xFEE0), text.translate(_WIDE_LETTERS))


def without_hidden(text: str) -> str:
    """Return the text without characters nobody sees."""
    return _HIDDEN.sub("", text)
