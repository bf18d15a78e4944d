"""The queue: who waits, and for how long."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from desk.access import READERS
from desk.office import Office
from desk.pages import PLACES, Place
from desk.session import session
from storage.queue import Wanted, queue_page

PLACES.append(Place("/desk/queue", "desk.place.queue", READERS, "q", 10))


def add_queue(desk: Blueprint, office: Office) -> None:
    """Put `/desk/queue` on the desk."""

    @desk.get("/desk/queue")
    def queue() -> ResponseReturnValue:
        page = queue_page(office.database, office.keys, session().caseworker, Wanted())
        return office.pages.draw("queue.html", rows=page.rows or ())
