"""The headers that every response carries, whatever its route and status.

Source: the list in the threat model, section 10.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response

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

    @app.after_request
    def add(response: Response) -> Response:
        response.headers.update(headers)
        return response
