"""A table that is tried as one test fails with each of the rows that failed, and only with those."""

from __future__ import annotations

import pytest

from tests.rows import every_row


def test_all_rows_that_failed_are_told() -> None:
    @every_row([(1, 1), (2, 3), (4, 4), (5, 6)])
    def are_equal(one: int, other: int) -> None:
        assert one == other

    with pytest.raises(AssertionError) as told:
        are_equal()
    assert "(2, 3)" in str(told.value) and "(5, 6)" in str(told.value)
    assert "(1, 1)" not in str(told.value) and "(4, 4)" not in str(told.value)


def test_a_table_without_rows_tells_nothing() -> None:
    with pytest.raises(AssertionError, match="without rows"):
        every_row([])
