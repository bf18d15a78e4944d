"""Whether a request is Twilio's: it signs the address it calls and everything it sends along.

Our own, because what the library has for it costs a web process the whole library; the tests hold it to the
library's. Source: Twilio, "Webhooks security", and its `request_validator`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request
from werkzeug.datastructures import MultiDict

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
"""Sent where an account signs with a shared key: `key=…,algorithm=HMAC_SHA256`."""

_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORTS = {"https": 443, "http": 80}


class NotGenuine(Exception):
    """A request that Twilio did not sign. Its only argument is the reason, for the log alone."""


def check(asked: Request, public_url: str | None, secrets: Sequence[str]) -> None:
    """Let a request of Twilio's pass.

    Args:
        public_url: where Twilio reaches us, as configured: what a client says about it proves nothing. None on one's
            own machine, where there is nothing else to go by than the request.
        secrets: each of them may have signed: the auth token, and the one before while it is being changed.
    Raises:
        NotGenuine: it is somebody else's.
    """
    signature = asked.headers.get(SIGNATURE, "").encode(errors="replace")
    if not signature:
        raise NotGenuine("signature_missing")
    digest = _HASHES.get(_algorithm(asked.headers.get(SETTINGS, "")))
    if digest is None:
        raise NotGenuine("signature_algorithm")
    if not asked.form and asked.get_data() and not _has_body_hash(asked):
        raise NotGenuine("body_unsigned")
    # The route is its own raw path: no other spelling of it is one that anybody gave to Twilio.
    rest = asked.path.encode() + (b"?" + asked.query_string if asked.query_string else b"")
    signed = [base.encode() + rest + _parameters(asked.form) for base in _bases(asked, public_url)]
    if not any(
        hmac.compare_digest(sign(each, secret, digest), signature) for each in signed for secret in secrets
    ):
        raise NotGenuine("signature_wrong")


def sign(signed: bytes, secret: str, digest: str = "sha1") -> bytes:
    """Return the signature over an address and the parameters after it."""
    return base64.b64encode(hmac.digest(secret.encode(), signed, digest))


def _parameters(form: MultiDict[str, str]) -> bytes:
    pairs = sorted({(name, value) for name, values in form.lists() for value in values})
    return "".join(name + value for name, value in pairs).encode(errors="replace")


def _algorithm(header: str) -> str:
    for part in header.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _has_body_hash(asked: Request) -> bool:
    """Whether a body that is no form is the one whose hash stands in the signed address."""
    expected = asked.args.get("bodySHA256", "").encode(errors="replace")
    return hmac.compare_digest(hashlib.sha256(asked.get_data()).hexdigest().encode(), expected)


def _bases(asked: Request, public_url: str | None) -> tuple[str, ...]:
    """Return what an address may begin with: Twilio signs it with the port in some cases, and without it in others."""
    given = urlsplit(public_url or f"{asked.scheme}://{asked.host}")
    host = f"[{given.hostname}]" if ":" in (given.hostname or "") else given.hostname
    port = given.port or _PORTS[given.scheme]
    return tuple(f"{given.scheme}://{name}{given.path}" for name in (host, f"{host}:{port}"))
