"""The receipts of a state file: what was written of each part that has one.

The table is made with the first receipt, so that a state file without one is as it always was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

__all__ = ["has_receipt", "keep_receipt", "read_receipts"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipt (
    part INTEGER PRIMARY KEY REFERENCES part (id) ON DELETE CASCADE,
    lines BLOB NOT NULL
)
"""


def keep_receipt(connection: sqlite3.Connection, key: int, lines: bytes) -> None:
    """Keep the receipt of a part, in place of an earlier one."""
    connection.execute(_SCHEMA)
    connection.execute("REPLACE INTO receipt VALUES (?, ?)", (key, lines))


def has_receipt(connection: sqlite3.Connection, key: int) -> bool:
    """Say whether there is a receipt of a part."""
    if not _has_table(connection):
        return False
    found = connection.execute("SELECT 1 FROM receipt WHERE part = ?", (key,))
    return found.fetchone() is not None


def read_receipts(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    """Return parts and their receipts, one after the other."""
    if not _has_table(connection):
        return iter(())
    return connection.execute("SELECT part, lines FROM receipt ORDER BY part")


def _has_table(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'receipt'")
    return found.fetchone() is not None
