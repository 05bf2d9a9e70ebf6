"""The span index of a state file: which parts may have samples of a series at some time.

The file holds the spans part by part, so that a mark is little to write. The search goes by series
in a temporary table, which needs no journal and is filled again when a job goes on. In it spans of
like length stand together, so that a search meets no more than those that begin near the time range
that it is for, however many the series has in all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans

__all__ = [
    "SPAN_SCHEMA",
    "add_spans",
    "find_overlapping",
    "forget_spans",
    "gives_way_to",
]

SPAN_SCHEMA = (
    # The columns of the key come first: quick_check of SQLite 3.40 takes others for NULL.
    """
    CREATE TABLE span (
        part INTEGER NOT NULL,
        series INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        PRIMARY KEY (part, series)
    ) WITHOUT ROWID
    """,
    # A part that gives way to another one left out its samples at the times that both have.
    """
    CREATE TABLE gives_way (
        part INTEGER NOT NULL,
        other INTEGER NOT NULL,
        PRIMARY KEY (part, other)
    ) WITHOUT ROWID
    """,
)

_SEARCH_SCHEMA = (
    "PRAGMA temp.cache_size = -65536",  # KiB
    """
    CREATE TEMP TABLE span_by_series (
        series INTEGER NOT NULL,
        length_class INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        part INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        PRIMARY KEY (series, length_class, first_ms, part)
    ) WITHOUT ROWID
    """,
    "CREATE TEMP TABLE span_class (length_class INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE wanted (series INTEGER, first_ms INTEGER, last_ms INTEGER)",
)

# What failed has samples that are to be sent again, if any: it gives way to what is there then.
_BEGUN = "part.attempts > 0 AND part.state NOT IN ('failed', 'skipped')"

_Row = tuple[int, int, int, int]


def add_spans(
    connection: sqlite3.Connection, key: int, spans: SeriesSpans, others: Iterable[int]
) -> None:
    """Enter the spans of a part, and whose samples it leaves out now.

    A part that is tried again has spans already.
    """
    _prepare_search(connection)
    columns = (spans.digests, spans.first_ms, spans.last_ms)
    rows = [(key, *row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    connection.executemany("INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?)", rows)
    _add_to_search(connection, rows)
    connection.execute("UPDATE part SET is_indexed = 1 WHERE id = ?", (key,))
    connection.execute("DELETE FROM gives_way WHERE part = ?", (key,))
    pairs = [(key, other) for other in others]
    connection.executemany("INSERT INTO gives_way VALUES (?, ?)", pairs)


def find_overlapping(
    connection: sqlite3.Connection, key: int, spans: SeriesSpans, limit: int
) -> list[int]:
    """Return parts that began to be sent, with a series and a time range in common with a part.

    Those that gave way to that part are none of them. A part without spans has a known time
    range, and counts as having every series.
    """
    if not spans.digests.size:
        return []
    _prepare_search(connection)
    columns = (spans.digests, spans.first_ms, spans.last_ms)
    connection.execute("DELETE FROM wanted")
    connection.executemany(
        "INSERT INTO wanted VALUES (?, ?, ?)", zip(*(c.tolist() for c in columns), strict=True)
    )
    found = connection.execute(
        f"""
        SELECT DISTINCT part.id
        FROM wanted CROSS JOIN span_class CROSS JOIN span_by_series AS span CROSS JOIN part
        WHERE span.series = wanted.series
            AND span.length_class = span_class.length_class
            AND span.first_ms > wanted.first_ms - (1 << span_class.length_class)
            AND span.first_ms <= wanted.last_ms
            AND span.last_ms >= wanted.first_ms
            AND part.id = span.part AND part.id != :key AND {_BEGUN}
            AND NOT EXISTS (SELECT 1 FROM gives_way WHERE part = span.part AND other = :key)
        UNION
        SELECT part.id FROM part
        WHERE NOT is_indexed AND id != :key AND {_BEGUN}
            AND first_ms <= :last_ms AND last_ms >= :first_ms
        LIMIT :limit
        """,  # noqa: S608 - no value in it
        {
            "key": key,
            "first_ms": int(spans.first_ms.min()),
            "last_ms": int(spans.last_ms.max()),
            "limit": limit,
        },
    )
    return sorted(part for (part,) in found)


def gives_way_to(connection: sqlite3.Connection, key: int) -> list[int]:
    """Return the parts whose samples a part left out when it was sent."""
    rows = connection.execute("SELECT other FROM gives_way WHERE part = ?", (key,))
    return sorted(other for (other,) in rows)


def forget_spans(connection: sqlite3.Connection) -> None:
    """Forget what the parts of another plan had."""
    connection.execute("DELETE FROM span")
    connection.execute("DELETE FROM gives_way")
    for table in ("span_by_series", "span_class", "wanted"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _prepare_search(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT 1 FROM temp.sqlite_master").fetchone():
        return
    for statement in _SEARCH_SCHEMA:
        connection.execute(statement)
    rows: sqlite3.Cursor = connection.execute("SELECT part, series, first_ms, last_ms FROM span")
    while some := rows.fetchmany(100_000):
        _add_to_search(connection, some)


def _add_to_search(connection: sqlite3.Connection, rows: list[_Row]) -> None:
    by_series = [
        (series, (last_ms - first_ms).bit_length(), first_ms, part, last_ms)
        for part, series, first_ms, last_ms in rows
    ]
    classes = {(length_class,) for _, length_class, *_ in by_series}
    connection.executemany("INSERT OR IGNORE INTO span_by_series VALUES (?, ?, ?, ?, ?)", by_series)
    connection.executemany("INSERT OR IGNORE INTO span_class VALUES (?)", classes)
