"""Which site a host belongs to, and whether it is a place the public can reach.

The public suffix list comes with `publicsuffixlist` and is read from its own copy: nothing is looked up.
"""

from __future__ import annotations

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address

import idna
from publicsuffixlist import PublicSuffixList

# RFC 6761, RFC 6762, RFC 8375, and the names routers and companies give their own networks.
_PRIVATE_SUFFIXES = frozenset(
    {"arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"}
    | {"localhost", "private", "test"}
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
# Prefixes under which the same site serves the same pages.
_SAME_SITE = ("www.", "m.", "mobile.", "touch.", "wap.", "amp.")


# What belongs to nobody; and below, the same without the names under which companies keep their customers.
_SUFFIXES = PublicSuffixList(accept_unknown=False)


@cache
def _registries() -> PublicSuffixList:  # seldom asked for, and as large
    return PublicSuffixList(accept_unknown=False, only_icann=True)


def is_top_level_domain(label: str) -> bool:
    """Tell whether a name of the internet may end in this label, in either spelling (`香港`, `xn--j6w193g`)."""
    return _SUFFIXES.publicsuffix(label.lower()) is not None


def ascii_host(host: str) -> str | None:
    """Return a host as the internet spells it: lower case, `xn--`, without a last dot.

    Returns:
        None where no name or address can be meant.
    """
    host = host.rstrip(".").lower()
    if host.startswith("["):
        address = _address(host)
        return f"[{address}]" if address else None
    try:
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode("ascii").rstrip(".")
    except (idna.IDNAError, UnicodeError):
        return None
    fits = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.split("."))
    return host if fits else None


def readable_host(host: str) -> str:
    """Return an `ascii_host` as people write it: `xn--mller-kva.de` as `müller.de`."""
    if "xn--" not in host:
        return host
    try:
        return idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return host


def site_of(host: str) -> str:
    """Return the domain that was registered, or given to a customer (`someone.blogspot.com`).

    An address, and a name without a known ending, is its own site.
    """
    if _address(host):
        return host
    # The host may itself be what its customers' names end in, as `blogspot.com` is.
    return _SUFFIXES.privatesuffix(host) or _registries().privatesuffix(host) or host


def without_prefix(host: str) -> str:
    """Return the host without `www.`, `m.` and the like, unless that is its own name (`m.me`)."""
    for prefix in _SAME_SITE:
        if host.startswith(prefix) and host != site_of(host):
            return without_prefix(host.removeprefix(prefix))
    return host


def is_public(host: str) -> bool:
    """Tell whether everybody on the internet could reach this `ascii_host`."""
    address = _address(host)
    if address:
        address = getattr(address, "ipv4_mapped", None) or address
        return address.is_global and not address.is_multicast
    _, dot, last = host.rpartition(".")
    # Browsers read a last label of digits as an IPv4 address in an unusual spelling, such as 127.1.
    return bool(dot) and last not in _PRIVATE_SUFFIXES and not _NUMBER.fullmatch(last)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
