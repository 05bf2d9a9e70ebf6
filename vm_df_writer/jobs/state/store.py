"""StateStore: the plan of a job and what became of each part, in one SQLite file."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Any, Self

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs.errors import OtherJobError
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.state.receipt_table import has_receipt, keep_receipt
from vm_df_writer.jobs.state.records import (
    JobReading,
    PartRecord,
    PartState,
    describe_changes,
    read_records,
    readable,
)
from vm_df_writer.jobs.state.source_table import insert_source, read_sources
from vm_df_writer.jobs.state.span_index import (
    add_spans,
    find_overlapping,
    forget_spans,
    gives_way_to,
)
from vm_df_writer.jobs.state.sqlite_file import (
    claim,
    one_name,
    open_state,
    remove_state,
    require_ours,
)
from vm_df_writer.jobs.state.transaction import Execute, transaction

__all__ = ["StateStore"]


class StateStore:
    """What a job has done. One process at a time holds it; others may read.

    Every change is on disk when its method returns; within `together`, when that block ends.

    Parameters
    ----------
    path : Path
        The file; made if it is not there.
    restart : bool
        Forget what it holds.

    Raises
    ------
    StateError
        If another process holds it, it is no state file of this version, or it has hard links.
    """

    def __init__(self, path: Path, *, restart: bool = False) -> None:
        self.path = path
        file = one_name(path)
        require_ours(file, restart=restart)  # before there is a lock beside it
        self._claim = claim(file)
        try:
            if restart:
                remove_state(file)
            self._connection = open_state(file)
            with self.together() as execute:
                run = execute(
                    "INSERT INTO run (pid, host, started, seen) VALUES (?, ?, ?, ?) RETURNING id",
                    (os.getpid(), socket.gethostname(), time.time(), time.time()),
                )
                self._run: int = run.fetchone()[0]
        except BaseException:
            self._claim.close()
            raise

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Release the claim, so that other processes can have the file."""
        with closing(self._claim), closing(self._connection), suppress(sqlite3.Error):
            # Reading in WAL mode creates -wal and -shm files, which a reader may not be allowed.
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def require_options(self, options: Mapping[str, Any]) -> None:
        """Store the options that decide what is stored, or check that they are still the same.

        They may change as long as nothing was sent; the store then forgets the plan.

        Raises
        ------
        JobError
            Names the options that changed.
        """
        found = self._connection.execute("SELECT value FROM job WHERE name = 'options'").fetchone()
        plain = json.loads(json.dumps(options))
        with readable(self.path):
            before = None if found is None else dict(json.loads(found[0]))
        if before is None or (before != plain and not self.was_sent()):
            with self.together() as execute:
                execute("DELETE FROM source")
                execute("DELETE FROM job")
                forget_spans(self._connection)
                execute("REPLACE INTO job VALUES ('options', ?)", (json.dumps(plain),))
            return
        if changed := describe_changes(before, plain):
            raise OtherJobError(
                f"{self.path}: its job has other options: {changed}; run with the same "
                "ones, name another file with state=, or begin anew with restart="
            )

    def set_reading(self, reading: JobReading | None) -> None:
        """Store how all parts are read, or that each is read by itself."""
        plain = None if reading is None else vars(reading)
        with self.together() as execute:
            execute("REPLACE INTO job VALUES ('reading', ?)", (json.dumps(plain),))

    def reading(self) -> JobReading | None:
        """Return how all parts are read."""
        found = self._connection.execute("SELECT value FROM job WHERE name = 'reading'").fetchone()
        with readable(self.path):
            plain = None if found is None else json.loads(found[0])
            return None if plain is None else JobReading(**plain)

    def add_sources(self, sources: Iterable[SourceFile]) -> None:
        """Enter sources and their parts, in place of what an earlier plan knew of them."""
        with self.together():
            for source in sources:
                insert_source(self._connection, source)

    def set_stamp(self, path: str, stamp: FileStamp) -> None:
        """Note the new time of change of a source whose content is the same."""
        change = "UPDATE source SET size = ?, mtime_ns = ? WHERE path = ?"
        with self.together() as execute:
            execute(change, (stamp.size, stamp.mark, path))

    def sources(self, path: str | None = None) -> Iterator[SourceFile]:
        """Yield every source, or one, without its parts; those never read have their error."""
        with readable(self.path):
            yield from read_sources(self._connection, path)

    def parts(self, *states: PartState, path: str | None = None) -> list[PartRecord]:
        """Return parts, in the order of sources and within them."""
        with readable(self.path):
            return read_records(self._connection, states, path)

    def part(self, key: int) -> PartRecord:
        """Return one part."""
        with readable(self.path):
            (record,) = read_records(self._connection, key=key)
            return record

    def was_sent(self, path: str | None = None) -> bool:
        """Say whether anything of a source, or of any of them, may have been sent."""
        found = self._connection.execute(
            "SELECT 1 FROM part JOIN source ON source.id = part.source "
            "WHERE attempts > 0 AND path = COALESCE(?, path) LIMIT 1",
            (path,),
        )
        return found.fetchone() is not None

    def counts(self) -> Counter[PartState]:
        """Return how many parts there are in each state."""
        with readable(self.path):
            rows = self._connection.execute("SELECT state, COUNT(*) FROM part GROUP BY state")
            return Counter({PartState(state): n for state, n in rows})

    def overlapping(self, key: int, spans: SeriesSpans, limit: int) -> list[int]:
        """Return parts that began before and may have samples of a part's series at its times.

        Parameters
        ----------
        key : int
            The part.
        spans : SeriesSpans
            Its series.
        limit : int
            How many parts to look for.
        """
        return find_overlapping(self._connection, key, spans, limit)

    def begin(self, key: int, spans: SeriesSpans | None = None, others: Iterable[int] = ()) -> None:
        """Note that a part is about to be sent.

        Parameters
        ----------
        key : int
            The part.
        spans : SeriesSpans, optional
            Its series, by which later parts find it.
        others : iterable of int
            Parts that it gives way to: what they have is not sent again.
        """
        with self.together() as execute:
            execute("UPDATE part SET attempts = attempts + 1, reason = NULL WHERE id = ?", (key,))
            if spans is not None:
                add_spans(self._connection, key, spans, others)

    def gives_way_to(self, key: int) -> list[int]:
        """Return the parts whose samples a part left out when it was sent."""
        return gives_way_to(self._connection, key)

    def note_new(self, key: int) -> None:
        """Note that the server has no samples of a part."""
        with self.together() as execute:
            execute("UPDATE part SET is_new = 1 WHERE id = ?", (key,))

    def finish(
        self,
        key: int,
        state: PartState,
        reason: str | None = None,
        totals: Mapping[str, Any] | None = None,
        *,
        nothing_sent: bool = False,
        receipt: bytes | None = None,
    ) -> None:
        """Note what became of a part.

        Parameters
        ----------
        key : int
            The part.
        state : PartState
            Its new state.
        reason : str, optional
            Why it failed, or was left pending.
        totals : mapping, optional
            The numbers of its WriteReport; without them those of an earlier attempt stay.
        nothing_sent : bool
            This attempt sent nothing, and does not count as one.
        receipt : bytes, optional
            What was written, compressed; without it that of an earlier attempt stays.
        """
        numbers = None if totals is None else json.dumps(dict(totals))
        change = (
            "UPDATE part SET state = ?, reason = ?, totals = COALESCE(?, totals), "
            "attempts = attempts - ? WHERE id = ?"
        )
        with self.together() as execute:
            execute(change, (state, reason, numbers, nothing_sent, key))
            if receipt is not None:
                keep_receipt(self._connection, key, receipt)
            execute("UPDATE run SET seen = ? WHERE id = ?", (time.time(), self._run))
            if totals is not None and state is not PartState.PENDING:
                execute(
                    "UPDATE run SET rows = rows + (SELECT rows FROM part WHERE id = ?), "
                    "samples = samples + ? WHERE id = ?",
                    (key, totals.get("samples", 0), self._run),
                )

    def has_receipt(self, key: int) -> bool:
        """Say whether there is a receipt of a part."""
        return has_receipt(self._connection, key)

    def retry_failed(self) -> None:
        """Make failed parts pending again, and forget the sources that could not be read."""
        with self.together() as execute:
            execute("DELETE FROM source WHERE fingerprint = ''")
            execute("UPDATE part SET state = 'pending', reason = NULL WHERE state = 'failed'")

    def end_run(self, outcome: str, reason: str | None = None) -> None:
        """Note how this run ended, and why."""
        change = "UPDATE run SET seen = ?, ended = ?, outcome = ?, reason = ? WHERE id = ?"
        with self.together() as execute:
            execute(change, (time.time(), time.time(), outcome, reason, self._run))

    def is_done(self) -> bool:
        """Say whether the run before this one brought the job to its end, and no part was added."""
        query = "SELECT outcome FROM run WHERE id < ? ORDER BY id DESC LIMIT 1"
        last = self._connection.execute(query, (self._run,)).fetchone()
        return last == ("done",) and not self.counts()[PartState.PENDING]

    def withdraw_run(self) -> None:
        """Forget this run, which did nothing: how the job ended is told by the run before it."""
        with self.together() as execute:
            execute("DELETE FROM run WHERE id = ?", (self._run,))

    def together(self) -> AbstractContextManager[Execute]:
        """Make all changes of the block at once, with one wait for the disk; or none of them."""
        return transaction(self._connection, self.path)
