"""The receipt of a job: those of its parts, which the state file keeps, added up."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from vm_df_writer.display.text import describe_counts
from vm_df_writer.errors import JobError
from vm_df_writer.jobs.state.receipt_table import read_receipts
from vm_df_writer.jobs.state.records import PartRecord, PartState, read_records, readable
from vm_df_writer.jobs.state.sqlite_file import one_name, read_only
from vm_df_writer.model.receipt import Receipt

__all__ = ["is_on_the_server", "read_receipt"]

_UNFINISHED = (PartState.PENDING, PartState.SPOOLED, PartState.FAILED)


def is_on_the_server(record: PartRecord) -> bool:
    """Say whether the server has samples that a part sent, and acknowledged all of them."""
    if record.state is PartState.SKIPPED:  # though an attempt that broke off may have sent it all
        return record.attempts > 0
    return record.state in (PartState.SENT, PartState.VERIFIED)


def read_receipt(state: str | Path) -> Receipt:
    """Return what a job has written, to be checked later without its files.

    Parameters
    ----------
    state : str or Path
        The state file of a job that was run with ``JobOptions(receipt=True)``.

    Raises
    ------
    StateError
        If there is no such file, or it is damaged.
    JobError
        If the job is not finished, or there is no receipt of some part.

    Examples
    --------
    >>> from vm_df_writer.jobs import read_receipt
    >>> read_receipt("backfill.sqlite").save("scores.receipt.gz")  # doctest: +SKIP
    """
    file = one_name(Path(state))
    with closing(read_only(file)) as connection, readable(file):
        connection.execute("BEGIN")  # all of it as of one moment
        records = read_records(connection)
        if unfinished := Counter(str(r.state) for r in records if r.state in _UNFINISHED):
            raise JobError(
                f"receipt: parts are not finished ({describe_counts(unfinished)}), and a receipt "
                "is of what the server has as a whole; run the job again, with retry_failed= if "
                "some failed"
            )
        wanted = {record.id: record for record in records if is_on_the_server(record)}
        receipt = Receipt.merge(_receipts_of(read_receipts(connection), wanted))
        if wanted:
            raise JobError(
                f"receipt: {len(wanted):,} parts have none (first: "
                f"{next(iter(wanted.values())).name}): they were sent without receipt=True, or "
                "with if_exists='skip' after an attempt that broke off, or are frames that were "
                "not passed again; run the job again with receipt=True, or anew with restart="
            )
    return receipt


def _receipts_of(
    stored: Iterator[tuple[int, bytes]], wanted: dict[int, PartRecord]
) -> Iterator[Receipt]:
    """Yield receipts of parts that are wanted, and take these out."""
    for key, lines in stored:
        if wanted.pop(key, None) is not None:
            try:
                plain = gzip.decompress(lines)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                raise ValueError("a receipt is damaged") from None
            yield Receipt.of_lines(plain.splitlines())
