"""What the state file holds: of each part how far it has come, and how all of them are read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from vm_df_writer.errors import StateError, VmDfWriterError
from vm_df_writer.files.part import Part
from vm_df_writer.jobs.state.sqlite_file import describe_damage, describe_failure

__all__ = [
    "JobReading",
    "PartRecord",
    "PartState",
    "describe_changes",
    "read_records",
    "readable",
]


class PartState(StrEnum):
    """How far a part has come.

    A part is `SENT` once the server has acknowledged its last sample, and `VERIFIED` once all
    of it was read back. It is `EMPTY` if every sample of it was left out; the numbers of its
    report say why. It is `SPOOLED` if some of its samples are not on the server, but in the spool
    folder; and `SKIPPED` if it lies outside the range of time that is asked for, or if the server
    had samples of it before.
    """

    PENDING = "pending"
    SENT = "sent"
    VERIFIED = "verified"
    EMPTY = "empty"
    SPOOLED = "spooled"
    SKIPPED = "skipped"
    FAILED = "failed"


_STATES = {str(state): state for state in PartState}  # a job may have a million parts


@dataclass(frozen=True)
class PartRecord:
    """A part as the state file holds it.

    Attributes
    ----------
    id : int
        Its key.
    path : str
        Its source.
    part : Part
        Where it is in the source.
    state : PartState
        How far it has come.
    attempts : int
        How often some of it may have been sent.
    is_new : bool
        Whether the server was asked, and had no samples of it before the job.
    reason : str or None
        Why it failed, or was left pending.
    totals : mapping
        The numbers of the WriteReport of the attempt to write it that came furthest.
    """

    id: int
    path: str
    part: Part
    state: PartState = PartState.PENDING
    attempts: int = 0
    is_new: bool = False
    reason: str | None = None
    totals: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.path}, part {self.part.number}"


@dataclass(frozen=True)
class JobReading:
    """How all parts of a job are read.

    Attributes
    ----------
    keywords : mapping of str to object
        Reading keywords that name the roles of the columns; plain values, ready for JSON.
    text : str
        The same in a line.
    """

    keywords: Mapping[str, Any]
    text: str


def read_records(
    connection: sqlite3.Connection,
    states: Sequence[PartState] = (),
    path: str | None = None,
    key: int | None = None,
) -> list[PartRecord]:
    """Return the parts that a state file holds."""
    where, values = ["1"], list[Any]()
    if states:
        where.append(f"state IN ({','.join('?' * len(states))})")
        values += states
    for name, wanted in (("path", path), ("part.id", key)):
        if wanted is not None:
            where.append(f"{name} = ?")
            values.append(wanted)
    rows = connection.execute(
        "SELECT part.id, path, number, start, stop, rows, first_ms, last_ms, state, attempts, "  # noqa: S608 - no value in it
        "is_new, reason, totals FROM part JOIN source ON source.id = part.source "
        f"WHERE {' AND '.join(where)} ORDER BY path, number",
        values,
    ).fetchall()  # a query that an error leaves behind would hold the file
    return [
        PartRecord(
            found, source, Part(*part), _STATES[state], attempts, bool(is_new), reason,
            {} if totals == "{}" else json.loads(totals),
        )
        for found, source, *part, state, attempts, is_new, reason, totals in rows
    ]  # fmt: skip


def describe_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say which options of a job are others; nothing if they are the same.

    Examples
    --------
    >>> describe_changes({"hive": True}, {"hive": False, "since_ms": 1})
    'hive was true and is false; since_ms was not set and is 1'
    """

    def shown(options: Mapping[str, Any], name: str) -> str:
        return json.dumps(options[name]) if name in options else "not set"

    return "; ".join(
        f"{name} was {shown(before, name)} and is {shown(now, name)}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what the values of a damaged state file lead to into one error.

    SQLite itself checks how a file is built, and not what its values are.

    Raises
    ------
    StateError
        If the file is damaged.
    """
    try:
        yield
    except VmDfWriterError:
        raise
    except sqlite3.Error as error:
        raise StateError(describe_failure(path, error)) from None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        found = f"a value in it cannot be read: {type(error).__name__}"
        raise StateError(describe_damage(path, found)) from None
