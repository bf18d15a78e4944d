from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from flows import platforms
from flows.platforms import PLATFORMS, is_listed, name_of, platform_of


@pytest.mark.parametrize(
    ("host", "platform"),
    [
        ("pornhub.com", "pornographic_site"),
        ("cn.pornhub.com", "pornographic_site"),
        ("notpornhub.com", "other"),
        ("t.me", "social_media"),
        ("web.telegram.org", "social_media"),
        ("lihkg.com", "social_media"),
        ("instagram.com", "social_media"),
        ("fb.watch", "social_media"),
        ("x.com", "social_media"),
        ("netflix.com", "other"),
        ("threads.net", "social_media"),
        ("google.com.hk", "search_engine"),
        ("drive.google.com", "image_hosting"),
        ("hk.search.yahoo.com", "search_engine"),
        ("hk.news.yahoo.com", "other"),
        ("tieba.baidu.com", "social_media"),
        ("read01.com", "content_farm"),
        ("i.imgur.com", "image_hosting"),
        ("chat.whatsapp.com", "messaging"),
        ("discord.gg", "messaging"),
        ("example.com", "other"),
        ("com", "other"),
        ("", "other"),
        ("..", "other"),
        ("93.184.216.34", "other"),
    ],
)
def test_a_site_has_the_type_of_the_closest_domain_that_is_listed(host: str, platform: str) -> None:
    assert platform_of(host) == platform


def test_a_listed_site_has_the_name_people_call_it() -> None:
    assert name_of("na.cx.lihkg.com") == "連登 LIHKG"
    assert name_of("example.com") is None
    assert is_listed("bit.ly")
    assert not is_listed("example.com")


def test_the_list_is_in_order() -> None:
    table = Path(platforms.__file__).with_suffix(".csv")
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    domains = Counter(row["domain"] for row in rows)
    assert domains.most_common(1)[0][1] == 1
    assert len(rows) >= 150
    assert {row["platform"] for row in rows} == set(PLATFORMS)
    assert all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain) for domain in domains)
    assert all(row["name"] for row in rows)
