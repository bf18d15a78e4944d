"""How a database comes to have the tables of this version, whichever version made it.

Looking is cheap and imports nothing; Alembic is loaded only when there is something to change.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

_HEAD = "0010"


def head() -> str:
    """Return the number of the newest migration, the one this version of the program needs."""
    return _HEAD


def current(engine: Engine) -> str | None:
    """Return the number of the last migration that ran on this database; None where none ever did."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found


def upgrade(engine: Engine) -> bool:
    """Bring the tables to this version, in one transaction. Two programs may do so at once.

    Returns:
        Whether anything had to change.
    """
    if current(engine) == _HEAD:
        return False
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            # Any constant will do, as long as no person's queue can have it but by chance.
            connection.exec_driver_sql("BEGIN; SELECT pg_advisory_xact_lock(7161646131)")
        config.attributes["connection"] = connection
        command.upgrade(config, _HEAD)
        connection.commit()
    return True
