"""What the organisation owns: changed and checked at the desk, and said by the chat without a restart."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from locales import LivingWords, load_facts
from locales import living as living_words
from storage import audit
from tests.desk.conftest import Enters, text
from tests.storage.building import Instance

NEW: dict[str, Any] = {"helpline.en": "1234 5678", "helpline.zh_Hant_HK": "1234 5678"}
REST: dict[str, Any] = {
    "helpline_name.en": "Example Line",
    "helpline_name.zh_Hant_HK": "示例熱線",
    "helpline_languages.en": "English",
    "helpline_languages.zh_Hant_HK": "英語",
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "facts.toml").write_text('# kept\n[helpline]\ntext = "2222 2222"\n', "utf-8")
    return tmp_path / "facts.toml", tmp_path / "organisation.toml"


@pytest.fixture
def app(make_app: Callable[..., Flask], files: tuple[Path, Path]) -> Flask:
    return make_app(facts_files=files, placeholders={"draft_hours": "72", "closed_days": "90"})


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found
    return found[1]


def test_a_change_is_in_the_chat_without_a_restart_and_then_to_be_checked(
    enters: Enters, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, instance: Instance
) -> None:
    monkeypatch.setattr(living_words, "LOOKED_EVERY", 0.0)
    chat = LivingWords(files)
    mei = enters("Mei", "supervisor")
    assert chat.fact("en", "helpline") == "2222 2222"
    page = text(mei.get("/desk/organisation/helpline"))

    changed = mei.post("/desk/organisation/helpline", do="save", seen=seen(page), **NEW, **REST)

    assert changed.headers["Location"].endswith("fact_changed")
    assert chat.fact("en", "helpline") == "1234 5678"
    assert chat.fact("zh_Hant_HK", "helpline_name") == "示例熱線"
    assert not load_facts(*files).by_id["helpline"].verified
    assert files[0].read_text("utf-8").startswith("# kept")
    page = text(mei.get("/desk/organisation/helpline"))
    mei.post("/desk/organisation/helpline/checked", seen=seen(page))
    fact = load_facts(*files).by_id["helpline"]
    assert (fact.verified, fact.checked_by) == (True, "Mei")
    with instance.database.reading() as connection:
        noted = [(e.event, e.subject) for e in audit.entries(connection) if e.event.startswith("fact")]
    assert noted == [("fact_changed", "helpline"), ("fact_checked", "helpline")]


def test_a_preview_shows_both_languages_and_writes_nothing(enters: Enters, files: tuple[Path, Path]) -> None:
    mei = enters("Mei", "administrator")

    page = text(mei.post("/desk/organisation/helpline", do="preview", **NEW, **REST))

    assert len(re.findall(r'class="said" lang="en">[^<]*1234 5678', page)) >= 1
    assert len(re.findall(r'class="said" lang="zh-Hant-HK">[^<]*1234 5678', page)) >= 1
    assert not files[1].exists()


def test_what_was_changed_meanwhile_is_neither_confirmed_nor_overwritten(
    enters: Enters, files: tuple[Path, Path]
) -> None:
    mei, kit = enters("Mei", "supervisor"), enters("Kit", "supervisor")
    before = seen(text(mei.get("/desk/organisation/helpline")))
    kit.post("/desk/organisation/helpline", do="save", seen=before, **NEW, **REST)

    assert mei.post("/desk/organisation/helpline/checked", seen=before).status_code == 409
    late = mei.post(
        "/desk/organisation/helpline", do="save", seen=before, **{**NEW, "helpline.en": "9"}, **REST
    )

    assert late.status_code == 409
    assert load_facts(*files).by_id["helpline"].texts["helpline"]["en"] == "1234 5678"


@pytest.mark.parametrize("bad", ["", " ", "x" * 301, "two\nlines", "{helpline}", "\u202eturned", "a\x7fb"])
def test_what_cannot_be_said_is_not_saved(enters: Enters, files: tuple[Path, Path], bad: str) -> None:
    mei = enters("Mei", "supervisor")
    page = seen(text(mei.get("/desk/organisation/helpline")))

    answer = mei.post(
        "/desk/organisation/helpline", do="save", seen=page, **{**NEW, "helpline.en": bad}, **REST
    )

    assert answer.status_code == 422
    assert not files[1].exists()


@pytest.mark.parametrize("odd", ['say "yes"\\', "'''", "# no remark", "= [x]", "喂 😀"])
def test_odd_signs_are_kept_as_they_are(enters: Enters, files: tuple[Path, Path], odd: str) -> None:
    mei = enters("Mei", "supervisor")
    page = seen(text(mei.get("/desk/organisation/helpline")))

    mei.post("/desk/organisation/helpline", do="save", seen=page, **{**NEW, "helpline.en": odd}, **REST)

    assert load_facts(*files).by_id["helpline"].texts["helpline"]["en"] == odd


def test_a_file_that_cannot_be_used_leaves_what_was_said(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living_words, "LOOKED_EVERY", 0.0)
    chat = LivingWords(files)

    files[0].write_text("[helpline", "utf-8")

    assert chat.fact("en", "helpline") == "2222 2222"


def test_the_referral_of_children_is_asked_for_until_it_is_checked(enters: Enters) -> None:
    mei = enters("Mei", "supervisor")
    first = text(mei.get("/desk/organisation"))
    mei.post("/desk/organisation/web547/checked", seen=seen(text(mei.get("/desk/organisation/web547"))))

    assert "under 16 was never checked" in first
    assert "under 16 was never checked" not in text(mei.get("/desk/organisation"))


def test_what_decides_itself_elsewhere_is_not_changed_here(enters: Enters) -> None:
    mei = enters("Mei", "supervisor")

    assert mei.post("/desk/organisation/suicide_lines", do="save").status_code == 400
    assert mei.get("/desk/organisation/draft_hours").status_code == 404
    assert mei.get("/desk/organisation/nothing").status_code == 404
