"""FileSummary: what has become of one file of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vm_df_writer.display.text import describe_counts, format_utc
from vm_df_writer.jobs.state.records import PartRecord

__all__ = ["FileSummary", "sum_up_files", "time_range"]


@dataclass(frozen=True)
class FileSummary:
    """The parts of one file, summed up.

    Attributes
    ----------
    path : str
        The file.
    parts : mapping of str to int
        How many of its parts there are in each state.
    rows, samples : int
        Its rows, and the samples of it that the server acknowledged.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last of these samples.
    """

    path: str
    parts: Mapping[str, int]
    rows: int
    samples: int
    first_ms: int | None
    last_ms: int | None

    def __str__(self) -> str:
        """Return one line, without the path."""
        line = f"{describe_counts(self.parts)}; {self.rows:,} rows, {self.samples:,} samples"
        if self.first_ms is None:
            return line
        return f"{line}, {format_utc(self.first_ms)} to {format_utc(self.last_ms)}"


def sum_up_files(records: Iterable[PartRecord]) -> list[FileSummary]:
    """Return a summary of each file, in the order of their first parts."""
    of_file: dict[str, list[PartRecord]] = {}
    for record in records:
        of_file.setdefault(record.path, []).append(record)
    return [_sum_up(path, parts) for path, parts in of_file.items()]


def time_range(records: Iterable[PartRecord]) -> tuple[int | None, int | None]:
    """Return when the first and the last acknowledged sample of some parts are."""
    times = [record.totals.get(name) for record in records for name in ("first_ms", "last_ms")]
    known = [int(ms) for ms in times if ms is not None]
    return min(known, default=None), max(known, default=None)


def _sum_up(path: str, records: list[PartRecord]) -> FileSummary:
    return FileSummary(
        path,
        Counter(str(record.state) for record in records),
        sum(record.part.rows for record in records),
        sum(int(record.totals.get("samples", 0)) for record in records),
        *time_range(records),
    )
