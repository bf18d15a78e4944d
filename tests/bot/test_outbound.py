"""Calls go to the providers' hosts and to no other."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.outbound import HOSTS, Refused, allowed, check, client


class _Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(302)
        self.send_header("Location", "/again")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def provider() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), _Provider) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", sorted(HOSTS))
def test_providers_may_be_called_over_tls_alone(host: str) -> None:
    check(f"https://{host}/path?x=1", allowed())
    with pytest.raises(Refused):
        check(f"http://{host}/path", allowed())


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://api.twilio.com.example.org/",
        "https://api.twilio.com@example.org/",
        "https://example.org/api.twilio.com",
        "https://mms.twiliocdn.com/picture",
        "https://127.0.0.1/",
        "http://[::1]/",
        "http://[broken/",
        "file:///etc/passwd",
        "ftp://api.twilio.com/",
        "//api.twilio.com/",
        "",
    ],
)
def test_nobody_else_is_called(url: str) -> None:
    with pytest.raises(Refused):
        check(url, allowed())


def test_nobody_is_waited_for_longer_than_ten_seconds() -> None:
    with client(allowed()) as http:
        timeout = http.timeout
    assert {timeout.connect, timeout.read, timeout.write, timeout.pool} == {10.0}


def test_a_refusal_does_not_say_what_was_refused() -> None:
    with pytest.raises(Refused) as refusal, client(allowed()) as http:
        http.get("https://her-name.example.org/her-picture")
    assert "her-" not in f"{refusal.value!s}{refusal.value!r}"


def test_the_host_of_an_api_base_is_allowed_and_no_redirect_followed(provider: HTTPServer) -> None:
    base = f"http://127.0.0.1:{provider.server_port}"
    with client(allowed(base, None)) as http:
        assert http.get(f"{base}/once").status_code == 302
    assert provider.asked == ["/once"]  # type: ignore[attr-defined]


def test_a_proxy_of_the_environment_is_not_used(
    provider: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    base = f"http://127.0.0.1:{provider.server_port}"
    with client(allowed(base)) as http:
        assert http.get(f"{base}/once").status_code == 302


def test_a_web_process_does_not_pay_for_the_client() -> None:
    code = "import bot.outbound, sys; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ), check=False).returncode == 0
