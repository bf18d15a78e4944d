"""An application around a reception that answers by script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from locales import Words
from settings import read_settings
from tests.bot.scripted import ScriptedReception
from webhook import assemble


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.load()


@pytest.fixture
def reception() -> ScriptedReception:
    return ScriptedReception()


@pytest.fixture
def make_app(words: Words, reception: ScriptedReception, tmp_path: Path) -> Callable[..., Flask]:
    """Builds an application around the scripted reception, with settings given by name."""

    def make(**settings: str) -> Flask:
        environ = {"TADA_HOME": str(tmp_path), "TADA_RATE_LIMITS": "off"}
        environ |= {f"TADA_{name.upper()}": value for name, value in settings.items()}
        checks = {"database": lambda: reception.failure is None}
        return assemble(read_settings(environ), words, reception, checks)  # type: ignore[arg-type]

    return make


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app().test_client()
