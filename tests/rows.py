"""A table tried as one test: a test costs milliseconds each time it is collected, and a row of a table none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def every_row(rows: Iterable[tuple[Any, ...]]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Have a test called with every row; it fails with all the rows that failed."""

    table = list(rows)
    assert table, "a table without rows tells nothing"

    def decorate(test: Callable[..., None]) -> Callable[[], None]:
        def whole() -> None:
            failed = []
            for row in table:
                try:
                    test(*row)
                except AssertionError as error:
                    failed.append(f"{row}: {error}")
            assert not failed, "\n".join(failed)

        whole.__name__, whole.__module__, whole.__doc__ = test.__name__, test.__module__, test.__doc__
        return whole

    return decorate
