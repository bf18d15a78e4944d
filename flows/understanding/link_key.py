"""The form of a link that is equal for two links to the same content.

A key is a link itself, and its own key. It is never shown and never opened: the link is kept as it was sent.
What chooses the content (path, query, most fragments) stays in it, because two links taken for one would
lose one of them. Ready-made normalisers drop `ref`, `uid`, `cid` or `keyword`, which choose the page on
forums and searches; so which parameters go is a table of ours, `link_keys.toml`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import quote

from flows.understanding.hosts import site_of, without_prefix

_RULES = tomllib.loads(Path(__file__).with_name("link_keys.toml").read_text(encoding="utf-8"))
_DROPPED = frozenset(_RULES["dropped_everywhere"]["names"])
_DROPPED_PREFIXES = tuple(_RULES["dropped_everywhere"]["prefixes"])
_DROPPED_ON = {site: frozenset(names) for site, names in _RULES["dropped_on"].items()}
_SAME_HOST: dict[str, str] = _RULES["same_host"]
_SAME_PAGE = [(re.compile(rule["from"]), rule["to"]) for rule in _RULES["same_page"]]

# Fragments that say where on the page to look, or nothing at all. Others may be the page itself: the key of
# a mega.nz file, `#!/…` and `#/…` of applications, `#pid…` of a forum, a chat on web.telegram.org.
_EMPTY_FRAGMENT = re.compile(
    r":~:.*|_=_?|top|main|content|comments?|respond|google_vignette|goog_rewarded|utm_.*|xtor=.*"
)
_TELEGRAM_NAME = re.compile(r"[A-Za-z]\w{3,31}", re.ASCII)
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# A full stop is no less unreserved, but at the end of a link it would be read as the end of a sentence.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~")


def link_key(host: str, port: str, tail: str) -> str:
    """Return the key of an `http` or `https` link.

    Args:
        host: an `ascii_host`.
        port: digits, or empty.
        tail: path, query and fragment as they were sent, half-width and on one line.
    """
    host = without_prefix(host)
    host = _SAME_HOST.get(host, host)
    tail = re.sub(r"&(?:amp;)+", "&", tail).replace("[.]", ".")
    rest, _, fragment = tail.partition("#")
    path, _, query = rest.partition("?")
    path = _escaped(_without_dots(path.replace("\\", "/"))).rstrip("/")
    page = host + path
    for pattern, replacement in _SAME_PAGE:
        page = pattern.sub(replacement, page)
    page, _, more = page.partition("?")
    if host == "t.me":
        page = _telegram(page)
    key = "https://" + (page if port in {"", "80", "443"} else f"{host}:{port}{path}")
    query = _query(f"{query}&{more}" if more else query, page.partition("/")[0])
    if query:
        key += f"?{query}"
    if fragment and not _EMPTY_FRAGMENT.fullmatch(fragment):
        key += f"#{_escaped(fragment)}"
    return key[:-1] + f"%{ord(key[-1]):02X}" if key[-1] in ".?#&" else key


def telegram_link(command: str) -> str | None:
    """Return the tail under `t.me` that a `tg:` link stands for, or None where it names no place.

    Source: https://core.telegram.org/api/links
    """
    action, _, query = command.partition("?")
    given = dict(pair.partition("=")[::2] for pair in query.split("&"))
    post = f"/{given['post']}" if given.get("post") else ""
    if action == "resolve" and given.get("domain"):
        return f"/{given['domain']}{post}"
    if action == "resolve" and given.get("phone"):
        return f"/+{given['phone'].lstrip('+')}"
    if action == "join" and given.get("invite"):
        return f"/+{given['invite']}"
    if action == "privatepost" and given.get("channel"):
        return f"/c/{given['channel']}{post}"
    if action == "addlist" and given.get("slug"):
        return f"/addlist/{given['slug']}"
    return None


def _telegram(page: str) -> str:
    """Lower the case of a public name; in an invitation (`+…`, `addlist/…`) every letter counts."""
    host, _, path = page.partition("/")
    name, slash, post = path.partition("/")
    return f"{host}/{name.lower()}{slash}{post}" if _TELEGRAM_NAME.fullmatch(name) else page


def _without_dots(path: str) -> str:
    """Resolve `/./` and `/../` (RFC 3986, 5.2.4), keeping empty segments."""
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _escaped(text: str) -> str:
    """Spell every character in one way: `%7e` and `~`, `香` and `%E9%A6%99` are the same."""

    def escape(match: re.Match[str]) -> str:
        letter = chr(int(match[1], 16))
        return letter if letter in _PLAIN else match[0].upper()

    text = quote(_LONE_PERCENT.sub("%25", text), safe="%/@$&+=.~?")
    return _ESCAPE.sub(escape, text)


def _query(query: str, host: str) -> str:
    """Drop what follows people around, and put the rest in one order."""
    if not query:
        return ""
    dropped_here = _DROPPED_ON.get(site_of(host), frozenset())
    kept = []
    for pair in filter(None, query.split("&")):
        name = pair.partition("=")[0]
        dropped = (
            name.lower() in _DROPPED or name.lower().startswith(_DROPPED_PREFIXES) or name in dropped_here
        )
        if not dropped:
            kept.append(_escaped(pair))
    return "&".join(sorted(kept, key=lambda pair: pair.partition("=")[0]))
