"""The channel in docs/adding-a-channel.md, as it stands there, passes the list of every channel."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.access import ACCESS, Caller
from bot.door import Door
from bot.limits import Limits
from bot.receive import Reception
from flows.vocabulary import Language, Param
from locales import Words
from storage.intake import Intake
from tests.channels import test_every_channel
from tests.channels.harness import Channel
from tests.promises.conftest import Service

PAGE = Path(__file__).parent.parent.parent / "docs" / "adding-a-channel.md"

LIST: list[Callable[..., None]] = [
    test
    for name, test in vars(test_every_channel).items()
    if name.startswith("test_")
    and set(inspect.signature(test).parameters) == {"service", "channel"}
    # Those that want more of the application build it anew, and the example would not be in it.
    and "usefixtures" not in [mark.name for mark in getattr(test, "pytestmark", ())]
]


def module(name: str, source: str) -> ModuleType:
    """Make a module of a source, as importing it does."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, str(PAGE), "exec"), made.__dict__)
    return made


@pytest.fixture
def example() -> Iterator[tuple[ModuleType, ModuleType]]:
    """The channel and the harness of the page."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = [f"{__name__}.{name}" for name in ("its_channel", "its_harness")]
    first, second = (module(*each) for each in zip(names, blocks, strict=True))
    yield first, second
    for name in names:
        del sys.modules[name]


@pytest.fixture
def channel(
    example: tuple[ModuleType, ModuleType], service: Service, monkeypatch: pytest.MonkeyPatch
) -> Channel:
    """The example, switched on."""
    its_channel, its_harness = example
    words = _WithItsText.load()
    intake = Intake(service.database, service.keys, service.home / "erased")
    door = Door(Reception(intake, words), Limits(enabled=False))
    service.app.register_blueprint(its_channel.letterbox(its_harness.SECRET, door, words))
    monkeypatch.setitem(ACCESS, ("POST", its_channel.ROUTE), Caller.PROVIDER)
    found: Channel = its_harness.LETTERBOX
    return found


class _WithItsText(Words):
    """The one text that a conversation by the example needs."""

    def _say(self, language: Language, message: str, params: Mapping[str, Param]) -> str:
        return (
            "Burn the letters." if message == "clear.letterbox" else super()._say(language, message, params)
        )


@pytest.mark.parametrize("conversation", ["en_by_text", "zh_by_text"])
def test_a_whole_conversation_goes_by_the_example(
    service: Service, channel: Channel, conversation: str
) -> None:
    test_every_channel.test_a_whole_conversation_ends_in_the_same_case_whatever_it_comes_by(
        service, channel, conversation
    )


@pytest.mark.parametrize("test", LIST, ids=lambda test: str(test.__name__).removeprefix("test_"))
def test_the_example_passes(service: Service, channel: Channel, test: Callable[..., Any]) -> None:
    test(service, channel)


def test_the_list_is_not_empty() -> None:
    assert len(LIST) >= 10
