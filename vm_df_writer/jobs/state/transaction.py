"""Transactions of a state file: changes that are on disk together, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vm_df_writer.errors import StateError
from vm_df_writer.jobs.state.sqlite_file import describe_failure

__all__ = ["Execute", "transaction"]

Execute = Callable[..., sqlite3.Cursor]


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[Execute]:
    """Make the changes of a block together; whatever is raised in it, none is left half made.

    A block in another one belongs to that one, with which its changes come to the disk.

    Raises
    ------
    StateError
        If the file cannot be written.
    """
    is_within = connection.in_transaction
    if is_within:
        yield connection.execute
        return
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection.execute
        connection.execute("COMMIT")
    except BaseException as error:  # a second Ctrl-C, too
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise StateError(describe_failure(path, error)) from None
        raise
