"""Wires everything into one WSGI application: `webhook:create_app()`.

Reads the settings, builds the parts, and hands them to each other. Nobody imports this module.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask
from flask.json.provider import DefaultJSONProvider
from flask.typing import ResponseReturnValue

import bot.web
from bot.access import guard
from bot.asked import Asked, Returned, ShortWay, here
from bot.door import Door
from bot.headers import DESK_HEADERS, add_headers
from bot.limits import Limits
from bot.problems import Problem, note, retry_header
from bot.receive import Reception
from bot.request_log import Metrics, log_requests
from bot.web import web_chat
from bot.web.form import page_language
from bot.web.pages import Pages
from bot.web.visit import Visits
from bot.web.wire import problem_as_json
from flows.vocabulary import CHINESE
from locales import LivingWords, Words, negotiate
from logs import keep_logs
from settings import Settings, read_settings
from storage import migrations
from storage.database import Database
from storage.intake import Intake
from storage.keys import KeyDirectory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

LARGEST_BODY = 64 * 1024
"""Bytes of a request. Source: the limits in `SECURITY.md`."""
LARGER_BODIES = {"/webhooks/whatsapp-cloud": 3 * 1024 * 1024, "/webhooks/telegram": 512 * 1024}
"""Routes that take more: Meta puts up to 1,000 changes into one delivery, and says that it may have 3 MB. Telegram
escapes each character in up to six bytes, adds the message that is replied to, and the formatting of both."""

Checks = Mapping[str, Callable[[], bool]]
"""What `/readyz` asks, by name."""


class _App(Flask):
    """Flask, told that no view of ours is a coroutine, so that it does not look at each request."""

    request_class = Asked

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return func


class _Json(DefaultJSONProvider):
    """JSON in the order in which it was put together, Chinese as Chinese."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Write JSON."""
        return _written(obj)


_written = json.JSONEncoder(ensure_ascii=False).encode


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """Build the application that a server runs.

    Args:
        environ: the environment, or in tests a plain dict.
    Raises:
        SettingsError: a setting cannot be used.
        CatalogueMissing, FactsError: the texts cannot be read.
    """
    if environ is None:
        keep_logs()  # a server runs this, whichever it is: its log follows our rule from here on
    settings = read_settings(os.environ if environ is None else environ)
    database = Database.open(settings.database_url)
    keys = KeyDirectory(settings.keys, settings.desk_key_fingerprint)
    words = LivingWords(settings.facts_files, settings.placeholders())
    intake = Intake(database, keys, settings.journal, settings.draft_hours)
    checks: Checks = {
        "database": lambda: _answers(database),
        "keys": lambda: not keys.problems(),
        "migrations": lambda: migrations.current(database.engine) == migrations.head(),
    }
    app = assemble(settings, words, Reception(intake, words), checks)
    if settings.surface != "intake":
        _put_desk_beside(app, settings, database, keys, words)
    return app


def assemble(settings: Settings, words: Words, reception: Reception, checks: Checks) -> Flask:
    """Put an application together from its parts; the desk stands beside it, and is none of them."""
    app = _App(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.json = _Json(app)
    pages = Pages(words)
    app.extensions["metrics"] = metrics = Metrics()
    if settings.surface != "desk":
        limits = Limits(settings.rate_limits)
        app.register_blueprint(
            web_chat(Visits(reception, limits), pages, words.fact(CHINESE, "neutral_exit_url"))
        )
        for channel in _provider_channels(settings, words, Door(reception, limits), metrics):
            app.register_blueprint(channel)
    _add_health(app, checks, metrics)
    _answer_by_rule(app, settings, words, pages)
    log_requests(app, metrics)
    add_headers(app)
    return app


def _put_desk_beside(
    app: Flask, settings: Settings, database: Database, keys: KeyDirectory, words: Words
) -> None:
    """Have everything under `/desk` answered by the desk, which has rules, pages and errors of its own."""
    from desk import Options, create_desk

    options = Options(
        address=settings.desk_url or settings.public_url,
        shared_static=Path(bot.web.__file__).parent / "static",
        closed_days=settings.closed_days,
        draft_hours=settings.draft_hours,
        mail_is_on=settings.smtp is not None,
        telegram_is_on=settings.telegram is not None,
        facts_files=settings.facts_files,
        placeholders=settings.placeholders(),
        journal=settings.journal,
    )

    def watch(desk: Flask) -> None:
        log_requests(desk, app.extensions["metrics"])
        add_headers(desk, DESK_HEADERS)

    desk = create_desk(options, database, keys, words, watch)
    chat = app.wsgi_app

    def whichever(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        ours = path == "/desk" or path.startswith("/desk/")
        return (desk.wsgi_app if ours else chat)(environ, start_response)

    app.wsgi_app = whichever  # type: ignore[method-assign]
    app.extensions["desk"] = desk


def _provider_channels(settings: Settings, words: Words, door: Door, metrics: Metrics) -> Iterator[Blueprint]:
    """Make the channels that are switched on; what another one needs is not even loaded."""
    if settings.twilio:
        from bot.whatsapp import whatsapp

        yield whatsapp(settings.twilio, settings.public_url, door, words, settings.home, metrics.note)
    if settings.cloud:
        from bot.cloud import cloud

        yield cloud(settings.cloud, door, words)
    if settings.telegram:
        from bot.telegram import telegram

        yield telegram(settings.telegram, door, words)


def _answer_by_rule(app: Flask, settings: Settings, words: Words, pages: Pages) -> None:
    """Have every request checked and every problem told alike, whichever way a request goes."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    checks = guard(settings.public_url, settings.metrics_token), _refuse_what_is_too_large

    def tell(error: Exception, asked: Asked) -> Returned:
        problem = note(error)
        accepted = asked.headers.get("Accept-Language")
        language = asked.language or (negotiate(accepted) if accepted else None)
        text = words.say(language, problem.text)
        if _reads_json(asked.path):
            return problem_as_json(problem.code, text), problem.status, retry_header(problem)
        return pages.problem(page_language(None), text), problem.status, retry_header(problem)

    @app.before_request
    def check() -> None:
        for each in checks:
            each(here())

    app.register_error_handler(Exception, lambda error: tell(error, here()))
    app.wsgi_app = ShortWay(app, checks, tell, _written)  # type: ignore[method-assign]


def _refuse_what_is_too_large(asked: Asked) -> None:
    largest = LARGER_BODIES.get(asked.url_rule.rule if asked.url_rule else "", LARGEST_BODY)
    asked.max_content_length = largest
    # A body of unknown length is cut at the limit without a word, and half of it could pass for a whole.
    if asked.content_length is None and len(asked.get_data()) >= largest:
        raise Problem("too_large")


def _add_health(app: Flask, checks: Checks, metrics: Metrics) -> None:
    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return {"process": "ok"}

    @app.get("/readyz")
    def readyz() -> ResponseReturnValue:
        found = {name: "ok" if _holds(check) else "failing" for name, check in checks.items()}
        return found, 200 if set(found.values()) == {"ok"} else 503

    @app.get("/metrics")
    def figures() -> ResponseReturnValue:
        return metrics.as_text(), 200, {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}


def _reads_json(path: str) -> bool:
    return path.startswith(("/chat/", "/healthz", "/readyz", "/metrics", "/webhooks/"))


def _answers(database: Database) -> bool:
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    return True


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever it is, this process is not ready
        return False
