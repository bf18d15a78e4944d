"""Filling a database with conversations that stand there, to see whether they cost the next one anything."""

from __future__ import annotations

import secrets
import time

from sqlalchemy import insert, text

from storage.database import Database
from storage.schema import conversations, marks

BATCH = 5_000
STATE = 1_100
"""Bytes of a conversation's state as it is stored: 1 KiB and what sealing adds."""


def fill(database_url: str, wanted: int) -> None:
    """Have `wanted` conversations stored, each with a mark, in rows of the size the product writes."""
    database = Database.open(database_url)
    try:
        with database.engine.connect() as connection:
            there = connection.execute(text("SELECT count(*) FROM conversations")).scalar_one()
        later = int(time.time()) + 72 * 3600
        for begin in range(there, wanted, BATCH):
            rows = range(min(BATCH, wanted - begin))
            with database.transaction() as connection:
                connection.execute(
                    insert(conversations),
                    [
                        {
                            "id": secrets.token_bytes(16),
                            "lookup": secrets.token_bytes(32),
                            "epoch": later // 86_400,
                            "wrapped_key": secrets.token_bytes(300),
                            "state": secrets.token_bytes(STATE),
                            "erase_at": later,
                        }
                        for _ in rows
                    ],
                )
                connection.execute(
                    insert(marks),
                    [
                        {
                            "mark": secrets.token_bytes(32),
                            "reply": secrets.token_bytes(300),
                            "erase_at": later,
                        }
                        for _ in rows
                    ],
                )
            if begin % 100_000 == 0 and begin:
                print(f"  {begin:,} stored", flush=True)
    finally:
        database.close()
