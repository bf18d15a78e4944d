"""What the README and the pages for operators tell people to type is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import tasks
from flows.chart import draw
from tada.__main__ import cli

ROOT = Path(__file__).parent.parent
PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md"))


def typed(program: str) -> list[tuple[str, str]]:
    """Return (page, what follows the program) for each time a page says to type it."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = [
            line.partition(" #")[0]
            for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
            for line in block.splitlines()
        ]
        for line in [*blocks, *re.findall(r"`([^`\n]+)`", text)]:
            match = re.match(rf"(?:\S*/)?{program}\s+([^>|…]+)", line.strip())
            if match:
                found.append((page.name, match[1].strip()))
    return found


def commands_of(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def all_commands() -> list[tuple[str, click.Command]]:
    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            for below, one in commands_of(command).items():
                yield from walk(f"{name} {below}", one)
        else:
            yield name, command

    return list(walk("tada", cli))


@pytest.mark.parametrize(("page", "rest"), typed("make"))
def test_every_make_command_in_the_pages_is_a_target(page: str, rest: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)

    assert targets
    assert rest.split()[0] in targets[1].split()


def test_every_make_target_but_help_is_a_task() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^([a-z ]+):\n\t@\$\(PYTHON\) tasks.py", makefile, re.MULTILINE)

    assert targets
    assert set(targets[1].split()) <= set(tasks.TASKS)


@pytest.mark.parametrize(("page", "rest"), typed("tada"))
def test_every_tada_command_in_the_pages_is_there_with_the_options_it_is_given(page: str, rest: str) -> None:
    command: click.Command = cli
    words = shlex.split(rest)
    while isinstance(command, click.Group) and words:
        assert words[0] in commands_of(command), rest
        command = commands_of(command)[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


@pytest.mark.parametrize(
    ("name", "command"), all_commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_says_what_it_does_and_gives_examples(name: str, command: click.Command) -> None:
    told = command.get_help(click.Context(command, info_name=name))

    assert "Examples:" in told
    assert command.get_short_help_str()
    assert [
        option.name for option in command.params if isinstance(option, click.Option) and not option.help
    ] == []


def test_every_command_is_named_in_a_page() -> None:
    text = " ".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [name for name, _ in all_commands() if name.rsplit(" ", 1)[-1] not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_the_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|src=\"([^\":]+)\"", page.read_text(encoding="utf-8"))
    missing = [link or image for link, image in links if not (page.parent / (link or image)).exists()]

    assert missing == []


def test_the_drawing_of_the_conversation_is_that_of_its_table() -> None:
    """If this fails: `tada flow --format svg > docs/flow.svg`."""
    assert (ROOT / "docs" / "flow.svg").read_text(encoding="utf-8").rstrip("\n") == draw("svg").rstrip("\n")
