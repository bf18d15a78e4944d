"""Where do caseworkers work? The desk: signing in, the queue, the cases, the people and the log.

A web application of its own under `/desk/`, put beside the chat by `webhook`. It opens cases while somebody
is signed in, and holds nothing that could when nobody is.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask

from desk.access import guard
from desk.by_phone import add_by_phone
from desk.case import add_case
from desk.files import add_files
from desk.home import add_home
from desk.keys import add_keys
from desk.links import add_links
from desk.log import add_log
from desk.notes import add_notes
from desk.noticing import add_noticing
from desk.office import Office, Options
from desk.organisation import add_organisation
from desk.pages import Pages
from desk.passkeys import add_passkeys
from desk.people import add_people
from desk.problems import tell_problems
from desk.proving import add_proving
from desk.queue import add_queue
from desk.rights import add_rights
from desk.signing_in import add_signing_in
from desk.talking import add_talking
from desk.telling import add_telling
from desk.welcoming import add_welcoming
from locales import Words
from storage.database import Database
from storage.guessing import Guesses
from storage.keys import KeyDirectory

__all__ = ["Options", "create_desk"]

LARGEST_BODY = 256 * 1024
"""Bytes of a request: a long note, percent-encoded, comes with room to spare."""


def create_desk(
    options: Options,
    database: Database,
    keys: KeyDirectory,
    words: Words,
    watch: Callable[[Flask], None] = lambda app: None,
) -> Flask:
    """Put the desk together.

    Args:
        watch: what is to see every request and answer first, such as the log of requests.

    Every route is in the table of `desk.access`; one that is not answers nobody.
    """
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    office = Office(options, database, keys, words, Pages(words), Guesses(database, keys))
    watch(app)
    guard(app, office)
    tell_problems(app, office)
    for add in (
        add_files,
        add_home,
        add_signing_in,
        add_proving,
        add_noticing,
        add_welcoming,
        add_passkeys,
        add_queue,
        add_case,
        add_links,
        add_notes,
        add_talking,
        add_rights,
        add_by_phone,
        add_organisation,
        add_telling,
        add_people,
        add_keys,
        add_log,
    ):
        # Named for its module, so that each may call its pages what it likes.
        pages = Blueprint(add.__module__.rpartition(".")[2], add.__module__)
        add(pages, office)
        app.register_blueprint(pages)
    return app
