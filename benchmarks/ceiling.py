"""The ceiling: Flask and one durable transaction a message, and nothing else.

For the channels of providers there is also the check of what the provider signs. It inserts a message and writes 1 KiB of state, with the same care for durability as the product and
the same queue of writers on SQLite. Nothing that answers a person can be faster than this here.
Served by gunicorn with two workers of eight threads: `gunicorn benchmarks.ceiling:app`.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import psycopg
from flask import Flask, Response, abort, jsonify, request

from benchmarks.traffic import SECRET, SECRET_HEADER, TELEGRAM, WHATSAPP, twilio_signature

STATE = secrets.token_bytes(1024)
_URL = os.environ.get("CEILING_DATABASE", "")
_local = threading.local()
_lock = threading.Lock()


def prepare(url: str) -> None:
    """Make the ceiling's two tables."""
    statements = (
        "CREATE TABLE ceiling_messages (id TEXT PRIMARY KEY, body TEXT NOT NULL)",
        "CREATE TABLE ceiling_states (token TEXT PRIMARY KEY, state {blob} NOT NULL)",
    )
    if url.startswith("sqlite"):
        connection = _sqlite(url)
        for statement in statements:
            connection.execute(statement.format(blob="BLOB"))
    else:
        with psycopg.connect(_plain(url), autocommit=True) as postgresql:
            for statement in statements:
                postgresql.execute(statement.format(blob="BYTEA").encode())


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg", "postgresql")


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _sqlite(url: str) -> sqlite3.Connection:
    connection = sqlite3.connect(_path(url), isolation_level=None, timeout=30)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _store_in_sqlite(identity: str, body: str, token: str) -> None:
    if not hasattr(_local, "connection"):
        _local.connection = _sqlite(_URL)
        _local.queue = os.open(_path(_URL) + ".ceiling.lock", os.O_RDWR | os.O_CREAT, 0o600)
    connection: sqlite3.Connection = _local.connection
    with _lock:
        fcntl.flock(_local.queue, fcntl.LOCK_EX)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO ceiling_messages VALUES (?, ?)", (identity, body))
            connection.execute(
                "INSERT INTO ceiling_states VALUES (?, ?) ON CONFLICT (token) DO UPDATE SET state = excluded.state",
                (token, STATE),
            )
            connection.execute("COMMIT")
        finally:
            fcntl.flock(_local.queue, fcntl.LOCK_UN)


def _store_in_postgresql(identity: str, body: str, token: str) -> None:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg.connect(_plain(_URL))
    connection: psycopg.Connection[Any] = _local.connection
    connection.execute("INSERT INTO ceiling_messages VALUES (%s, %s)", (identity, body))
    connection.execute(
        "INSERT INTO ceiling_states VALUES (%s, %s) ON CONFLICT (token) DO UPDATE SET state = excluded.state",
        (token, STATE),
    )
    connection.commit()


def create_app() -> Flask:
    app = Flask("ceiling")
    store: Callable[[str, str, str], None] = (
        _store_in_sqlite if _URL.startswith("sqlite") else _store_in_postgresql
    )

    @app.post("/chat/messages")
    def message() -> Response:
        sent = request.get_json()
        token = request.headers["Authorization"]
        store(token + sent["id"], sent.get("text") or "", token)
        return jsonify(messages=[{"id": sent["id"], "text": "Thank you."}], step="name")

    @app.post(WHATSAPP)
    def whatsapp() -> Response:
        expected = twilio_signature(f"http://{request.host}{WHATSAPP}", request.form.to_dict())
        if not hmac.compare_digest(expected, request.headers["X-Twilio-Signature"]):
            abort(403)
        store(request.form["MessageSid"], request.form["Body"], request.form["From"])
        return Response("<Response><Message>Thank you.</Message></Response>", mimetype="text/xml")

    @app.post(TELEGRAM)
    def telegram() -> Response:
        if not hmac.compare_digest(SECRET, request.headers[SECRET_HEADER]):
            abort(403)
        sent = request.get_json()
        chat = sent["message"]["chat"]["id"]
        store(str(sent["update_id"]), sent["message"]["text"], str(chat))
        return jsonify(method="sendMessage", chat_id=chat, text="Thank you.")

    @app.get("/healthz")
    def health() -> str:
        return "ok"

    return app


app = create_app() if _URL else None
