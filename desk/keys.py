"""The desk key: which one counts, who holds it, and a new one with every case sealed to it."""

from __future__ import annotations

import time

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from desk.access import INVITERS
from desk.office import Office
from desk.pages import PLACES, Place
from desk.session import session
from desk.turning import to_page
from storage import rotation
from storage.keys import fingerprint_of
from storage.sessions import Session
from storage.staff import ROLES_WITH_SLOT, list_staff

PLACES.append(Place("/desk/keys", "desk.place.keys", INVITERS, "e", 85))

AT_ONCE_SECONDS = 2.0
"""How long one request goes on sealing: short enough that nobody wonders."""


def add_keys(desk: Blueprint, office: Office) -> None:
    """Put `/desk/keys` on the desk."""

    @desk.get("/desk/keys")
    def keys() -> ResponseReturnValue:
        return office.pages.draw("keys.html", **_state(office))

    @desk.post("/desk/keys/rotate")
    def rotate() -> ResponseReturnValue:
        anew = request.form.get("again") == "1"
        rotation.begin(office.database, office.keys, session().caseworker, anew)
        return to_page("/desk/keys", done="rotation_begun")

    @desk.post("/desk/keys/go-on")
    def go_on() -> ResponseReturnValue:
        until = time.monotonic() + AT_ONCE_SECONDS
        for _ in rotation.reseal(office.database, office.keys, session().caseworker):
            if time.monotonic() > until:
                break
        if rotation.finish(office.database, office.keys):
            return to_page("/desk/keys", done="rotated")
        if "HX-Request" in request.headers:
            return office.pages.draw("keys_progress.html", **_state(office))
        return to_page("/desk/keys")


def sweep(office: Office, who: Session) -> None:
    """Seal a few cases that are still under an older key, when somebody who can comes by."""
    if who.role in ROLES_WITH_SLOT and rotation.progress(office.database) is not None:
        next(rotation.reseal(office.database, office.keys, who.caseworker), None)
        rotation.finish(office.database, office.keys)


def _state(office: Office) -> dict[str, object]:
    generation, public = office.keys.newest_pinned
    members = list_staff(office.database)
    return {
        "generation": generation,
        "fingerprint": fingerprint_of(generation, public),
        "pinned_older": office.keys.desk_public[0] != generation,
        "going": rotation.progress(office.database),
        "holders": [m.name for m in members if m.state == "active" and m.role in ROLES_WITH_SLOT],
    }
