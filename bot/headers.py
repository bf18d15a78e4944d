"""The headers that every response carries, whatever its route and status."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_NEVER_NEEDED = (
    "accelerometer autoplay camera clipboard-read display-capture encrypted-media "
    "fullscreen gamepad geolocation gyroscope hid idle-detection local-fonts magnetometer microphone midi "
    "payment picture-in-picture publickey-credentials-get screen-wake-lock serial usb "
    "xr-spatial-tracking browsing-topics interest-cohort"
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NEVER_NEEDED.split()),
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


DESK_HEADERS = {
    **HEADERS,
    # Passkeys are asked for by our own pages there, and by nobody else's.
    "Permissions-Policy": HEADERS["Permissions-Policy"].replace(
        "publickey-credentials-get=()", "publickey-credentials-get=(self)"
    ),
}


def add_headers(app: Flask, headers: Mapping[str, str] = HEADERS) -> None:
    """Put the headers on every response of `app`; what a route set itself is overruled."""
    answer, always = app.wsgi_app, list(headers.items())

    def with_headers(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, given: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            own = [header for header in given if header[0] not in headers]
            return start_response(status, own + always, *rest)

        return answer(environ, start)

    app.wsgi_app = with_headers  # type: ignore[method-assign]
