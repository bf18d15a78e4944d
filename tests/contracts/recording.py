"""Stands between a real client and a provider of ours on loopback, and writes down every request that passes."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OF_THE_CONNECTION = {"connection", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Asked:
    """One request, and how it was answered.

    Attributes:
        address: path and query.
    """

    method: str
    address: str
    content_type: str
    body: bytes
    status: int


@dataclass
class Recorder:
    """What passed.

    Attributes:
        url: where to call instead of the provider.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def recording(provider: str) -> Iterator[Recorder]:
    """Pass requests on to the server at this address, and its answers back."""
    there, recorder = urlsplit(provider), Recorder()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            onward = http.client.HTTPConnection(there.hostname or "", there.port, timeout=10)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            onward.request(self.command, self.path, body, headers)
            answer = onward.getresponse()
            told = answer.read()
            onward.close()
            kind = self.headers.get("Content-Type", "")
            recorder.asked.append(Asked(self.command, self.path, kind, body, answer.status))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_DELETE = do_PUT = pass_on  # noqa: N815 - named by the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        recorder.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            server.shutdown()
            thread.join()
