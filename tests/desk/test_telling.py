"""A colleague chooses to be told how many cases wait, and chooses otherwise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage import telling
from tests.desk.conftest import Colleague, text
from tests.storage.building import Instance

Enters = Callable[..., Colleague]


def test_it_is_chosen_and_ended_by_the_colleague_alone(enters: Enters, instance: Instance) -> None:
    mei, jo = enters("Mei", "supervisor"), enters("Jo", "intake")

    mei.post("/desk/me/telling", address=" mei@example.org ", do="tell")

    assert "mei@example.org" in text(mei.get("/desk/me/telling"))
    assert "mei@example.org" not in text(jo.get("/desk/me/telling"))
    mei.post("/desk/me/telling", do="stop")
    assert telling.chosen(instance.database, mei.id) is None


@pytest.mark.parametrize(
    "address", ["", "mei", "a@b, c@d", "a@b\r\nBcc: c@d", "<a@b>", "a" * 70 + "@b", "x@\u202eb"]
)
def test_what_is_no_address_is_not_kept(enters: Enters, instance: Instance, address: str) -> None:
    mei = enters("Mei", "supervisor")

    assert mei.post("/desk/me/telling", address=address, do="tell").status_code == 422
    assert telling.chosen(instance.database, mei.id) is None
