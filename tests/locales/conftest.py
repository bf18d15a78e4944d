"""The words as they stand in the sources: both catalogues are compiled before any of these tests."""

from __future__ import annotations

import pytest

from locales import Words, load_facts
from locales.build import build


@pytest.fixture(scope="session")
def words() -> Words:
    assert build() == []
    return Words(load_facts())
