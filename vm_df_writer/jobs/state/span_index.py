"""The span index of a state file: which parts may have samples of a series at some time.

Spans of like length stand together, so that a search meets no more than those that begin near the
time range that it is for, however many the series has in all.
"""

from __future__ import annotations

import sqlite3

from vm_df_writer.jobs.overlap.series_spans import SeriesSpans

__all__ = ["SPAN_SCHEMA", "add_spans", "find_overlapping", "forget_spans"]

SPAN_SCHEMA = (
    """
    CREATE TABLE span (
        series INTEGER NOT NULL,
        length_class INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        part INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        PRIMARY KEY (series, length_class, first_ms, part)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE span_class (length_class INTEGER PRIMARY KEY)",
    # A part that gives way to another one left out its samples at the times that both have.
    """
    CREATE TABLE gives_way (
        part INTEGER NOT NULL,
        other INTEGER NOT NULL,
        PRIMARY KEY (part, other)
    ) WITHOUT ROWID
    """,
)

# What failed has samples that are to be sent again, if any: it gives way to what is there then.
_BEGUN = "part.attempts > 0 AND part.state NOT IN ('failed', 'skipped')"


def add_spans(connection: sqlite3.Connection, key: int, spans: SeriesSpans) -> None:
    """Enter the spans of a part; a part that is tried again has them already."""
    rows = [
        (series, (last - first).bit_length(), first, key, last)
        for series, first, last in zip(
            spans.digests.tolist(), spans.first_ms.tolist(), spans.last_ms.tolist(), strict=True
        )
    ]
    classes = {(length_class,) for _, length_class, *_ in rows}
    connection.executemany("INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT OR IGNORE INTO span_class VALUES (?)", classes)
    connection.execute("UPDATE part SET is_indexed = 1 WHERE id = ?", (key,))


def find_overlapping(
    connection: sqlite3.Connection, key: int, spans: SeriesSpans, limit: int
) -> list[int]:
    """Return parts that began to be sent, with a series and a time range in common with a part.

    Those that gave way to that part are none of them. A part without spans has a known time
    range, and counts as having every series.
    """
    if not spans.digests.size:
        return []
    columns = (spans.digests, spans.first_ms, spans.last_ms)
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (series, first_ms, last_ms)")
    connection.execute("DELETE FROM wanted")
    connection.executemany(
        "INSERT INTO wanted VALUES (?, ?, ?)", zip(*(c.tolist() for c in columns), strict=True)
    )
    found = connection.execute(
        f"""
        SELECT DISTINCT part.id
        FROM wanted CROSS JOIN span_class CROSS JOIN span CROSS JOIN part
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


def forget_spans(connection: sqlite3.Connection) -> None:
    """Forget what the parts of another plan had."""
    for table in ("span", "span_class", "gives_way"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - no value in it
