"""Links at the desk: inert, several at once, reported to somebody, and a slip taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as some

from desk.reading import defanged, visible
from flows.understanding.links import read_links
from storage.cases import open_case
from storage.casetelling import Link
from tests.desk.conftest import Colleague, text
from tests.storage.building import BuiltCase, Instance

HERE = "/desk/cases/TD-2345"
URLS = ["https://www.forum.example/a?b=1&c", "http://t.example/x\u202egnp", "forum.example/3"]


@pytest.fixture(autouse=True)
def built(instance: Instance) -> BuiltCase:
    value = [{"url": url, "normalised": url, "host": "forum.example", "platform": "other"} for url in URLS]
    return BuiltCase(instance).submit([("links", value, "add")], ["other"] * 3)


def links(instance: Instance) -> tuple[Link, ...]:
    return open_case(instance.database, instance.keys, instance.sign_in("Mei"), "TD-2345").links


def far(instance: Instance) -> list[tuple[str, str]]:
    return [(link.status, link.platform) for link in links(instance)]


def test_no_link_leads_anywhere(mei: Colleague) -> None:
    page = text(mei.get(HERE))
    assert "hxxps://www[.]forum[.]example/a?b=1&amp;c" in page
    assert 'data-exact="https://www.forum.example/a?b=1&amp;c"' in page
    assert "hxxp://t[.]example/x\\u202egnp" in page
    assert not re.search(r'<a[^>]*forum|href="http', page)


@for_any(some.text(max_size=200))
def test_what_is_made_inert_is_read_as_no_link_and_shows_all_it_has(tail: str) -> None:
    inert = defanged(f"https://forum.example/{tail}")
    assert inert.startswith("hxxps://forum[.]example/")
    assert inert == visible(inert)
    assert all(link.host != "forum.example" for link in read_links(inert).links)


def test_several_at_once_are_reported_to_somebody(instance: Instance, mei: Colleague) -> None:
    answer = mei.post(
        f"{HERE}/links",
        link=["0", "2"],
        status="reported",
        to="hosting_provider",
        whom="Host & Co",
        on="2026-11-20",
        text="by their form",
    )
    assert answer.headers["Location"] == f"{HERE}?done=links_changed#links"
    assert far(instance) == [("reported", "other"), ("new", "other"), ("reported", "other")]
    page = text(mei.get(HERE))
    assert "Hosting provider" in page
    assert "Host &amp; Co" in page
    assert "2026-11-20" in page
    assert "by their form" in page


def test_the_type_of_a_site_is_corrected(instance: Instance, mei: Colleague) -> None:
    mei.post(f"{HERE}/links", link=["1"], platform="social_media")
    assert far(instance)[1] == ("new", "social_media")


def test_a_slip_is_taken_back_once(instance: Instance, mei: Colleague) -> None:
    mei.post(f"{HERE}/links", link=["0"], status="refused")
    mei.post(f"{HERE}/links", link=["0", "1"], status="removed", platform="messaging")
    entry = re.search(r'name="entry" value="(\d+)"', text(mei.get(HERE)))
    assert entry
    answers = [mei.post(f"{HERE}/links/undo", entry=entry[1]).headers["Location"] for _ in range(2)]
    assert far(instance)[:2] == [("refused", "other"), ("new", "other")]
    assert ["links_restored" in answers[0], "links_moved_on" in answers[1]] == [True, True]
    assert "taken back" in text(mei.get(HERE))


def test_what_was_changed_since_is_not_taken_back(instance: Instance, mei: Colleague) -> None:
    mei.post(f"{HERE}/links", link=["0"], status="refused")
    mei.post(f"{HERE}/links", link=["0"], status="removed")
    mei.post(f"{HERE}/links/undo", entry="0")
    assert far(instance)[0] == ("removed", "other")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"link": ["x"]}, 400),
        ({"link": ["0"]}, 303),
        ({"link": ["999"], "status": "removed"}, 303),
        ({"link": ["-1"], "status": "removed"}, 400),
        ({"link": ["9" * 400], "status": "removed"}, 400),
        ({"link": ["0"], "status": "nonsense"}, 303),
        ({"link": ["0"], "platform": "\x00"}, 303),
        ({"link": ["0"], "status": "removed", "on": "soon"}, 400),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    instance: Instance, mei: Colleague, fields: dict[str, Any], status: int
) -> None:
    assert mei.post(f"{HERE}/links", **fields).status_code == status
    assert far(instance) == [("new", "other")] * 3


def test_a_new_link_stands_out_until_it_was_seen(
    instance: Instance, mei: Colleague, built: BuiltCase
) -> None:
    mei.get(HERE)
    value = [{"url": "https://new.example/", "normalised": "n", "host": "new.example", "platform": "other"}]
    built.add([("links", value, "add")])
    page = text(mei.get(HERE))
    assert re.search(r'class="came">.*?new\[\.\]example', page, re.DOTALL)
    assert "Added by them</strong>: links: 1" in page
    assert 'class="came"' not in text(mei.get(HERE))
