"""What every table is made with: one list of them all, and the checks that the database itself makes."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def of_length(column: str, length: int) -> CheckConstraint:
    """Only bytes of this length."""
    return CheckConstraint(f"length({column}) = {length}", name=f"{column}_length")


def one_of(column: str, *values: str) -> CheckConstraint:
    """Only one of these words."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def at_least(column: str, least: int) -> CheckConstraint:
    """Only numbers from here on."""
    return CheckConstraint(f"{column} >= {least}", name=f"{column}_least")
