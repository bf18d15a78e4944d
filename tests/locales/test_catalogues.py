"""The catalogues are complete, and the build says so of anything that is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from gettext import GNUTranslations
from pathlib import Path

import pytest

from locales.build import FOLDER, build

TEMPLATE = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"

#. A greeting.
#. Params: name: typed text; detail: text
msgid "got.name"
msgstr ""

#. Params: n
msgid "links.total"
msgid_plural "links.total"
msgstr[0] ""
msgstr[1] ""
"""
CHINESE = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "got.name"
msgstr "{name}，你好。{helpline}"

msgid "links.total"
msgid_plural "links.total"
msgstr[0] "{n} 條連結"
"""
ENGLISH = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "got.name"
msgstr "Hello, {name}. {helpline}"

msgid "links.total"
msgid_plural "links.total"
msgstr[0] "one link"
msgstr[1] "{n} links"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "messages.pot").write_text(TEMPLATE, "utf-8")
    for language, text in (("zh_Hant_HK", CHINESE), ("en", ENGLISH)):
        (tmp_path / language / "LC_MESSAGES").mkdir(parents=True)
        source(tmp_path, language).write_text(text, "utf-8")
    return tmp_path


def source(folder: Path, language: str = "en") -> Path:
    return folder / language / "LC_MESSAGES" / "messages.po"


def test_a_complete_pair_is_compiled(folder: Path) -> None:
    assert build(folder) == []
    with source(folder).with_suffix(".mo").open("rb") as compiled:
        assert GNUTranslations(compiled).ngettext("links.total", "links.total", 2) == "{n} links"


def test_nothing_but_the_compiled_catalogue_is_left_behind(folder: Path) -> None:
    build(folder)
    assert sorted(file.name for file in source(folder).parent.iterdir()) == ["messages.mo", "messages.po"]


@pytest.mark.parametrize(
    ("was", "becomes", "problem"),
    [
        ('msgid "got.name"\nmsgstr "Hello, {name}. {helpline}"\n', "", "en: got.name is not translated"),
        ("Hello, {name}. {helpline}", "", "en: got.name is empty"),
        ("Hello, {name}. {helpline}", " ", "en: got.name is empty"),
        ('"one link"', '""', "en: links.total is empty"),
        ('msgstr[1] "{n} links"\n', "", "en: links.total is empty"),
        ('msgid "got.name"', '#, fuzzy\nmsgid "got.name"', "en: got.name is fuzzy"),
        ('msgid "got.name"', 'msgctxt "x"\nmsgid "got.name"', "en: got.name has a context, which nothing reads"),
        ("Hello, {name}.", "Hello, {nom}.", "en: got.name has the placeholder {nom}, which is neither"),
        ("Hello, {name}.", "Hello.", "got.name has not the same placeholders: zh_Hant_HK has helpline name, en has helpline"),
        ("{helpline}", "", "got.name has not the same placeholders"),
        ("{name}", "{name!r}", "en: got.name has a brace that belongs to no placeholder"),
        ("{name}", "{}", "en: got.name has a brace that belongs to no placeholder"),
        ("{name}", "{name", "en: got.name has a brace that belongs to no placeholder"),
        ('msgid_plural "links.total"\nmsgstr[0] "one link"\nmsgstr[1]', "msgstr", "en: links.total must have plural forms"),
        ('msgid_plural "links.total"', 'msgid_plural "links"', "en: links.total must have itself as msgid_plural"),
        ('msgid "got.name"\nmsgstr', 'msgid "got.name"\nmsgid_plural "got.name"\nmsgstr[1] "x"\nmsgstr[0]', "en: got.name must not have plural forms"),
        ('msgid "got.name"', 'msgid "more"\nmsgstr "x"\n\nmsgid "got.name"', "en: more is not in messages.pot"),
        ('msgid "got.name"', '#~ msgid "old"\n#~ msgstr "x"\n\nmsgid "got.name"', "en: old is obsolete: delete it"),
        ('msgid "got.name"', 'msgid "got.name"\nmsgstr "x"\n\nmsgid "got.name"', "got.name stands there twice"),
        ('msgid "got.name"', "nonsense\n", "messages.po: is not a catalogue"),
        ("nplurals=2; plural=(n != 1);", "nplurals=3; plural=(n != 1);", "en: the plural rule is not the one of the language"),
    ],
)  # fmt: skip
def test_a_defect_is_said_in_one_line_and_nothing_is_compiled(
    folder: Path, was: str, becomes: str, problem: str
) -> None:
    defective = source(folder).read_text("utf-8").replace(was, becomes)
    assert defective != ENGLISH
    source(folder).write_text(defective, "utf-8")
    assert problem in "\n".join(build(folder))
    assert not source(folder).with_suffix(".mo").exists()
    assert not source(folder, "zh_Hant_HK").with_suffix(".mo").exists()


def test_a_catalogue_that_is_not_there_is_named(folder: Path) -> None:
    source(folder, "zh_Hant_HK").unlink()
    assert [line for line in build(folder) if "zh_Hant_HK" in line and "cannot be read" in line]


def test_a_defect_keeps_the_catalogue_compiled_before(folder: Path) -> None:
    build(folder)
    before = source(folder).with_suffix(".mo").read_bytes()
    source(folder).write_text(ENGLISH.replace("Hello", "{"), "utf-8")
    assert build(folder) != []
    assert source(folder).with_suffix(".mo").read_bytes() == before


def test_the_command_fails_with_each_problem_on_a_line(tmp_path: Path) -> None:
    copy = tmp_path / "locales"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("*.mo", "__pycache__"))
    shutil.copytree(FOLDER.parent / "flows", tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    run = [sys.executable, "-m", "locales.build"]
    assert subprocess.run(run, cwd=tmp_path, check=False).returncode == 0
    text = source(copy).read_text("utf-8").replace('msgid "greeting"', '#, fuzzy\nmsgid "greeting"')
    source(copy).write_text(text, "utf-8")
    failed = subprocess.run(run, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (failed.returncode, failed.stderr) == (1, "en: greeting is fuzzy\n")
