"""A Bot API server on loopback: keeps chats, delivers updates as Telegram does, and runs what it is told.

What it does alike: one queue a chat for messages and edits, one a person for presses, one a chat for blocks, each
strictly in order; an update that is not taken comes again at once, then after 2, 4, 8 … seconds or whenever
Retry-After says, for a day; a method in the answer is run and its outcome dropped. Its clock stands until it is put on.
Source: the open-source server of Telegram (`WebhookActor`, `Client`) and https://core.telegram.org/bots/api.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from tests.providers.telegram_account import PRESS_LIVES, Account, Chat, Refusal, Waiting

DAY, BROKEN_OFF_AFTER = 86_400.0, 90.0
NEVER_RUN = ("setWebhook", "deleteWebhook", "close", "logOut")

Webhook = Callable[[bytes, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]
"""Takes a body and headers; returns status, headers and body. What it raises is a connection that broke."""


class BotApi(Account):
    """The server. Its port is open between `__enter__` and `__exit__`.

    Attributes:
        webhook: where updates are delivered while a webhook is set; the registered address is not called.
        called: every call, as (method, parameters); those in answers stand in `ran`, with what came of each.
    """

    def __init__(self, token: str, webhook: Webhook | None = None) -> None:
        super().__init__()
        self.token, self.webhook = token, webhook
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.ran: list[tuple[str, Any]] = []
        self.answered: list[tuple[int, int]] = []
        self.on_call: Callable[[str], None] = lambda method: None
        self._faults: deque[tuple[str, Refusal | None]] = deque()
        self._updates = 5000
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> BotApi:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def fail(self, method: str, refusal: Refusal | None, times: int = 1) -> None:
        """Let the next calls of a method fail; None answers nothing at all."""
        self._faults.extend([(method, refusal)] * times)

    # -------------------------------------------------------------- what people do

    def chat(self, id_: int) -> Chat:
        return self.chats.setdefault(id_, Chat(id_))

    def send(self, chat: int, text: str | None = None, **content: Any) -> int:
        """Send a message, and return its id."""
        with self._lock:
            self.last_id += 1
            told = text if text is not None else f"({', '.join(content)})"
            self.chat(chat).messages[self.last_id] = ("person", told, self.now)
            if text is not None:
                content["text"] = text
            self.post(("chat", chat), message=self._message(chat, self.last_id, **content))
            return self.last_id

    def edit(self, chat: int, message: int, **content: Any) -> None:
        edited = self._message(chat, message, edit_date=int(self.now), **content)
        self.post(("chat", chat), edited_message=edited)

    def press(self, chat: int, data: str) -> str:
        with self._lock:
            id_ = str(4_382_000_000_000_000_000 + len(self.presses))
            self.presses[id_] = self.now
            query = {"id": id_, "from": self._user(chat), "message": self._message(chat, 7), "data": data}
            self.post(("user", chat), PRESS_LIVES, callback_query={**query, "chat_instance": "1"})
            return id_

    def block(self, chat: int, blocked: bool = True) -> None:
        self.chat(chat).blocked = blocked
        bot = {"id": 42, "is_bot": True, "first_name": "Bot"}
        was, now = ("member", "kicked") if blocked else ("kicked", "member")
        change = {
            "old_chat_member": {"user": bot, "status": was},
            "new_chat_member": {"user": bot, "status": now},
        }
        about = {"chat": self._private(chat), "from": self._user(chat), "date": int(self.now)}
        self.post(("block", chat), my_chat_member={**about, **change})

    def post(self, queue: tuple[str, int], lives: float = DAY, **update: Any) -> None:
        """Put any update into a queue. Numbers rise, with gaps."""
        with self._lock:
            self._updates += 3
            numbered = {"update_id": self._updates, **update}
            self.queues.setdefault(queue, deque()).append(Waiting(numbered, self.now + lives, self.now))

    def _message(self, chat: int, id_: int, **content: Any) -> dict[str, Any]:
        about = {"from": self._user(chat), "chat": self._private(chat), "date": int(self.now)}
        return {"message_id": id_, **about, **content}

    def _user(self, id_: int) -> dict[str, Any]:
        return {
            "id": id_,
            "is_bot": False,
            "first_name": "Canary",
            "username": "canary",
            "language_code": "zh-hant",
        }

    def _private(self, id_: int) -> dict[str, Any]:
        return {"id": id_, "type": "private", "first_name": "Canary", "username": "canary"}

    # -------------------------------------------------------------- delivering

    def run(self, backwards: bool = False) -> None:
        """Deliver all that is due, queue after queue; `backwards` takes the newest queue first."""
        while due := [queue for queue in self.queues.values() if queue and queue[0].due <= self.now]:
            for queue in reversed(due) if backwards else due:
                self._deliver(queue)

    def pass_time(self, seconds: float) -> None:
        """Put the clock on, and deliver what falls due meanwhile at its time."""
        end = self.now + seconds
        while True:
            due = [queue[0].due for queue in self.queues.values() if queue and queue[0].due <= end]
            if not due:
                break
            self.now = max(self.now, min(due))
            self.run()
        self.now = end

    def _deliver(self, queue: deque[Waiting]) -> None:
        head = queue[0]
        kind = next(name for name in head.update if name != "update_id")
        if head.until < self.now or kind not in self.registered.get("allowed_updates", (kind,)):
            queue.popleft()
            return
        assert self.webhook is not None
        body = json.dumps(head.update).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Telegram-Bot-Api-Secret-Token": self.registered["secret_token"],
        }
        try:
            status, answered, said = self.webhook(body, headers)
        except OSError:
            status, answered, said = 0, {}, b""
        self.answered.append((head.update["update_id"], status))
        if 200 <= status < 300:
            queue.popleft()
            self._run_in_answer(said)
            return
        self.last_error = (self.now, f"Wrong response from the webhook: {status}")
        again = 0.0 if head.tries == 0 else min(2.0**head.tries, BROKEN_OFF_AFTER)
        head.tries += 1
        head.due = self.now + max(again, min(float(answered.get("Retry-After", 0)), 3600.0))

    def _run_in_answer(self, body: bytes) -> None:
        parameters = json.loads(body) if body else {}
        method = parameters.pop("method", None)
        if method is None or method in NEVER_RUN or method.startswith("get"):
            return
        try:
            outcome: Any = self.run_method(method, parameters)
        except Refusal as refusal:
            outcome = refusal
        self.ran.append((method, outcome))

    # -------------------------------------------------------------- being called

    def answer(
        self, token: str, method: str, parameters: dict[str, Any]
    ) -> tuple[int, dict[str, Any]] | None:
        """Answer a call; None leaves it without an answer."""
        self.on_call(method)
        with self._lock:
            self.called.append((method, parameters))
            try:
                if self._faults and self._faults[0][0] == method:
                    fault = self._faults.popleft()[1]
                    if fault is None:
                        return None
                    raise fault
                if token != self.token:
                    raise Refusal(401, "Unauthorized")
                return 200, {"ok": True, "result": self.run_method(method, parameters)}
            except Refusal as refusal:
                failed = {"ok": False, "error_code": refusal.status, "description": refusal.description}
                return refusal.status, failed | (
                    {"parameters": refusal.parameters} if refusal.parameters else {}
                )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Whoever called has hung up, as it may."""


class _Handler(BaseHTTPRequestHandler):
    api: BotApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        as_json = "json" in self.headers.get("Content-Type", "")
        given = json.loads(body) if as_json else {name: _value(name, text) for name, text in parse_qsl(body)}
        token, _, method = self.path.removeprefix("/bot").partition("/")
        answer = self.api.answer(token, method, given)
        if answer is None:
            self.api.closing.wait(5)
            self.close_connection = True
            return
        sent = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: Any) -> None:
        pass


_TEXTS = (
    "text",
    "name",
    "description",
    "short_description",
    "url",
    "secret_token",
    "language_code",
    "callback_query_id",
)


def _value(name: str, text: str) -> Any:
    """Read a field of a form: what is no text is JSON there."""
    return text if name in _TEXTS else json.loads(text)
