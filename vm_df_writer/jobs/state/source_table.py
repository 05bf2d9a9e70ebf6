"""The files of a job, as the state file holds them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Schema
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs.state.records import PartState

__all__ = ["insert_source", "read_sources"]


def insert_source(connection: sqlite3.Connection, source: SourceFile) -> None:
    """Enter a source and its parts, in place of what an earlier plan knew of it."""
    state = PartState.PENDING if source.error is None else PartState.FAILED
    stamp, schema = source.stamp, source.schema.to_json()
    connection.execute("DELETE FROM source WHERE path = ?", (source.path,))
    (key,) = connection.execute(
        "INSERT INTO source (path, size, mtime_ns, fingerprint, columns) "
        "VALUES (?, ?, ?, ?, ?) RETURNING id",
        (source.path, stamp.size, stamp.mark, source.fingerprint, schema),
    ).fetchone()
    connection.executemany(
        "INSERT INTO part (source, number, start, stop, rows, first_ms, last_ms, state, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((key, *vars(part).values(), state, source.error) for part in source.parts),
    )


def read_sources(connection: sqlite3.Connection, path: str | None = None) -> Iterator[SourceFile]:
    """Yield every source, or one, without its parts; those never read have their error."""
    for name, size, mark, fingerprint, columns in connection.execute(
        "SELECT path, size, mtime_ns, fingerprint, columns FROM source "
        "WHERE path = COALESCE(?, path) ORDER BY path",
        (path,),
    ).fetchall():
        stamp = FileStamp(size, mark)
        error = None if fingerprint else "could not be read when it was planned"
        yield SourceFile(name, stamp, fingerprint, Schema.from_json(columns), error=error)
