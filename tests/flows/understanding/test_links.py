from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.understanding.links import LONGEST_LINK, Refused, read_links
from tests.rows import every_row

ODDMENTS = """
    https:// http:// hxxps:// ttps:// https：// tg:// tg://resolve?domain= javascript: data:a/b, www. m. x.com t.me/s/ 公司.香港
    mega.nz/# lihkg.com pornhub.com/ youtu.be/ web.archive.org/ 127.0.0.1 [::1] localhost a@b.com dot abc ABC 123 嘅片 香港 😭
    /wiki/ /a ?q= ?v= &b=2 &amp; # #!/ % %2e %E9 %7e = ( ) [ ] [.] [/ 。 ， . , ; : ! ' 's * _ - ~ | \\ @ + :80 :99999 ../ ..
"""
PIECES = st.sampled_from([*ODDMENTS.split(), "\u200b", "\ud800", "\x00", " ", "\n", "\r\n", "\n-", "\n?"])
PASTED = st.lists(PIECES, max_size=24).map("".join)


def rows(table: str) -> list[tuple[dict[str, Any]]]:
    groups = tomllib.loads(Path(__file__).with_name(table).read_text(encoding="utf-8"))
    return [(row,) for content in groups.values() for row in content["rows"]]


@every_row(rows("links.toml") + rows("links_in_the_wild.toml"))
def test_links_are_read_out_of_what_people_paste(row: dict[str, Any]) -> None:
    read = read_links(row["text"])
    assert [link.url for link in read.links] == row["urls"]
    assert [link.normalised for link in read.links] == row.get("keys", row["urls"])
    assert list(read.refused) == row.get("refused", [])
    assert read.repeated == row.get("repeated", 0)


@pytest.mark.parametrize(
    ("url", "host", "site", "platform"),
    [
        ("https://www.Pornhub.com/a", "pornhub.com", "pornhub.com", "pornographic_site"),
        ("https://m.facebook.com/a", "facebook.com", "facebook.com", "social_media"),
        ("https://twitter.com/a", "twitter.com", "twitter.com", "social_media"),
        ("tg://join?invite=a", "t.me", "t.me", "social_media"),
        ("https://someone.blogspot.com/a", "someone.blogspot.com", "someone.blogspot.com", "social_media"),
        ("https://forum.example.com.hk/a", "forum.example.com.hk", "example.com.hk", "other"),
        ("https://xn--fsqu00a.xn--j6w193g/a", "例子.香港", "例子.香港", "other"),
        ("https://93.184.216.34/a", "93.184.216.34", "93.184.216.34", "other"),
        ("https://www.google.com.hk/search?q=a", "google.com.hk", "google.com.hk", "search_engine"),
    ],
)
def test_a_link_says_where_it_leads_as_people_know_it(url: str, host: str, site: str, platform: str) -> None:
    (link,) = read_links(url).links
    assert (link.host, link.site, link.platform) == (host, site, platform)


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("https://x.com/a", ""),
        ("1. https://x.com/a\n2) https://x.com/b\n- https://x.com/c", ""),
        ("睇呢條https://x.com/a嘅片", "睇呢條 嘅片"),
        ("[my video](https://x.com/a)", "my video"),
        ("（https://x.com/a）", ""),
        ("He put it here: https://x.com/a\n\nand I am scared", "He put it here:\nand I am scared"),
        ("https://x.com/a\u200e\x00 help", "help"),
        ("javascript:alert(1) my mail is a@b.com", "my mail is a@b.com"),
        ("15", "15"),
        ("我15歲 https://x.com/a\n3\nhttps://x.com/b", "我15歲\n3"),
    ],
)
def test_what_was_written_beside_the_links_is_kept(text: str, prose: str) -> None:
    assert read_links(text).prose == prose


def test_a_link_longer_than_browsers_take_is_refused() -> None:
    start = "https://example.com/"
    assert read_links(start + "a" * (LONGEST_LINK - len(start))).refused == ()
    assert read_links(start + "a" * (LONGEST_LINK + 1 - len(start))).refused == (Refused.TOO_LONG,)


def test_nothing_shows_a_link_in_a_repr() -> None:
    read = read_links("my secret https://user:pass@example.com/secret http://localhost/secret")
    assert not {"secret", "example", "pass"} & set(repr(read).replace("'", " ").replace("/", " ").split())
    assert "example" not in repr(read)


@given(st.one_of(PASTED, st.text()))
def test_a_link_is_a_piece_of_the_text_whatever_it_is(text: str) -> None:
    for link in read_links(text).links:
        assert link.url in text
        assert link.normalised.isascii()


@given(PASTED)
@example("pornhub.com/&amp;#")
@example("t.me/s/&amp;\u200bhttps://")
@example("t.me/s/www.../")
def test_a_key_is_its_own_key(text: str) -> None:
    for link in read_links(text).links:
        read = read_links(link.normalised)
        assert [again.normalised for again in read.links] == [link.normalised]
        assert read.prose == ""


@given(st.lists(st.integers(0, 99), unique=True, max_size=30))
def test_links_on_lines_of_their_own_keep_their_order(numbers: list[int]) -> None:
    urls = [f"https://example.com/{number}" for number in numbers]
    assert [link.url for link in read_links("\n".join(urls)).links] == urls


def test_two_hundred_links_in_a_message_are_read_at_once() -> None:
    read_links("x.com/a")  # loads the suffix list
    text = "\n".join(f"睇呢條https://x.com/a/status/{number}嘅片" for number in range(200))
    before = time.process_time()
    assert len(read_links(text).links) == 200
    assert time.process_time() - before < 0.5


HOSTILE = (
    "a|a.|https://|https://a.com|[|香.|a@|h|https://x.com/a\n|a dot |\u200b|/香|x.com/?q=&|a[.]|：|1.|data:|=https://b|-|a:"
    "|\ud800|m.|../|x.com/a-\n-1-"
)


@pytest.mark.parametrize("piece", HOSTILE.split("|"))
def test_a_long_hostile_text_takes_time_in_proportion(piece: str) -> None:
    read_links("x.com/a")
    before = time.process_time()
    read_links("https://x.com/" + piece * (30_000 // len(piece)))
    read_links(piece * (30_000 // len(piece)))
    assert time.process_time() - before < 3
