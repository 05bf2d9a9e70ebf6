"""The state file as a file: its one name, its lock, its format, and what SQLite says of it."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from vm_df_writer.errors import StateError
from vm_df_writer.jobs.state.span_index import SPAN_SCHEMA

__all__ = [
    "claim",
    "describe_damage",
    "describe_failure",
    "is_claimed",
    "one_name",
    "open_state",
    "read_only",
    "remove_state",
    "require_ours",
]

_FORMAT = 3
_OURS = 0x766D6466  # "vmdf"

_SCHEMA = (
    f"PRAGMA application_id = {_OURS}",
    f"PRAGMA user_version = {_FORMAT}",
    "CREATE TABLE job (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE source (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        columns TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE part (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES source (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        first_ms INTEGER,
        last_ms INTEGER,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        is_new INTEGER NOT NULL DEFAULT 0,
        is_indexed INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        totals TEXT NOT NULL DEFAULT '{}',
        UNIQUE (source, number)
    )
    """,
    "CREATE INDEX part_by_state ON part (state)",
    """
    CREATE TABLE run (
        id INTEGER PRIMARY KEY,
        pid INTEGER NOT NULL,
        host TEXT NOT NULL,
        started REAL NOT NULL,
        seen REAL NOT NULL,
        ended REAL,
        outcome TEXT,
        reason TEXT,
        rows INTEGER NOT NULL DEFAULT 0,
        samples INTEGER NOT NULL DEFAULT 0
    )
    """,
    *SPAN_SCHEMA,
)

_HEADER = b"SQLite format 3\0"
_HEADER_BYTES = 100
# is_claimed() holds a shared lock for a moment, for which a claim waits.
_CLAIM_S = 1.0


def one_name(path: Path) -> Path:
    """Return the name of a state file that all its users share, whatever link they were given.

    SQLite finds the journal of a file, and a job its lock, by the name of the file. Symbolic
    links are followed. Under a second hard link there is no journal: what is marked could be
    lost or torn (sqlite.org/howtocorrupt.html, section 2.5).

    Raises
    ------
    StateError
        If the file has hard links, or symbolic links lead in a circle.
    """
    try:
        real = path.resolve()
        status = real.stat()
    except FileNotFoundError:
        return real
    except (OSError, RuntimeError) as error:  # a circle is a RuntimeError before Python 3.13
        raise StateError(f"{path}: cannot be opened ({error}); check the path") from None
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise StateError(
            f"{path}: the file has {status.st_nlink} names (hard links), under which two jobs "
            "could write to it at a time; remove all but one, or make a copy of it"
        )
    return real


def claim(path: Path) -> sqlite3.Connection:
    """Claim a state file for this process, for as long as the returned connection is open.

    The claim is SQLite's own lock on a second file: the kernel drops it however the process
    ends, no child process inherits it, and other processes can still read the state.

    Raises
    ------
    StateError
        If another process has it, or there can be no file.
    """
    connection = _connect(path, "-lock", timeout=_CLAIM_S)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
            raise StateError(f"{path}: in use by {_holder(path)}; wait for it, or end it") from None
        raise StateError(describe_failure(path, error)) from None
    return connection


def is_claimed(path: Path) -> bool:
    """Say whether a process of this machine has claimed a state file."""
    lock = Path(f"{path}-lock")
    if not lock.exists():
        return False
    try:
        with closing(
            sqlite3.connect(f"{lock.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.Error:  # or it may not be read, which says nothing
        return os.access(lock, os.R_OK)
    return False


def require_ours(path: Path, *, restart: bool) -> None:
    """Refuse a file that no job has made, or that a job of another version has made.

    Raises
    ------
    StateError
        Says what the file is.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise StateError(f"{path}: is not a regular file; name another one with state=")
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StateError(f"{path}: cannot be opened ({error.strerror}); check it") from None
    if not header:
        return  # cut off before anything was written
    application = int.from_bytes(header[68:72])
    if not header.startswith(_HEADER) or application != _OURS:
        raise StateError(f"{path}: is no state file of a job; name another one with state=")
    found = int.from_bytes(header[60:64])
    if found != _FORMAT and not restart:
        raise StateError(
            f"{path}: is of format {found}, and this version of vm_df_writer reads format "
            f"{_FORMAT}; go on with the version that made it, or begin anew with restart="
        )


def open_state(path: Path) -> sqlite3.Connection:
    """Open a state file for writing, and make it if it is not there.

    Raises
    ------
    StateError
        If it is torn or cannot be written.
    """
    connection = _connect(path)
    try:
        if connection.execute("PRAGMA application_id").fetchone() == (0,):
            # Before WAL mode, so that the tables stand in the file itself from the start.
            connection.execute("BEGIN EXCLUSIVE")
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        connection.close()
        raise StateError(describe_failure(path, error)) from None
    if verdict != "ok":
        connection.close()
        raise StateError(describe_damage(path, str(verdict)))
    return connection


def read_only(path: Path) -> sqlite3.Connection:
    """Open a state file for reading, also while a job writes to it.

    Raises
    ------
    StateError
        If there is none, or it is no state file of this version.
    """
    if not path.exists():
        raise StateError(f"{path}: there is no such file; check the name")
    require_ours(path, restart=False)
    if not path.stat().st_size:
        raise StateError(f"{path}: holds no job yet; look again in a moment")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("SELECT COUNT(*) FROM run")
    except sqlite3.Error as error:
        connection.close()
        raise StateError(describe_failure(path, error)) from None
    return connection


def _connect(path: Path, suffix: str = "", *, timeout: float = 5.0) -> sqlite3.Connection:
    # For its owner alone, as is all that SQLite makes beside it.
    with suppress(OSError):  # SQLite tells what is wrong
        os.close(os.open(f"{path}{suffix}", os.O_RDWR | os.O_CREAT, 0o600))
    try:
        return sqlite3.connect(f"{path}{suffix}", timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise StateError(describe_failure(path, error)) from None


def remove_state(path: Path) -> None:
    """Remove a state file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def describe_failure(path: Path, error: sqlite3.Error) -> str:
    """Say what SQLite could not do with a state file, and what to do."""
    kind = getattr(error, "sqlite_errorname", "")
    if kind == "SQLITE_FULL" or kind.startswith("SQLITE_IOERR"):
        return f"{path}: cannot be written ({error}); free some space, and run again to go on"
    if kind.startswith("SQLITE_CORRUPT") or kind in ("SQLITE_NOTADB", "SQLITE_ERROR"):
        return describe_damage(path, str(error))
    return f"{path}: cannot be opened or written ({error}); check the folder and its permissions"


def describe_damage(path: Path, found: str) -> str:
    """Say that a state file is damaged, and what to do."""
    return (
        f"{path}: is torn ({found}); put a backup in its place, or begin anew with restart=, "
        "which sends everything again"
    )


def _holder(path: Path) -> str:
    query = "SELECT pid, host, started FROM run ORDER BY id DESC LIMIT 1"
    row = None
    with suppress(StateError), closing(read_only(path)) as connection:
        row = connection.execute(query).fetchone()
    if row is None:
        return "another process"
    pid, host, started = row
    since = datetime.fromtimestamp(started, tz=UTC)
    return f"process {pid} on {host} since {since:%Y-%m-%d %H:%M:%S} UTC"
