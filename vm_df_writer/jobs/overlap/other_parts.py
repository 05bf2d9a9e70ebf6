"""Comparing a part with other parts, and what to say if they contradict each other."""

from __future__ import annotations

from typing import NoReturn

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.display.text import format_utc, shown_line
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.repeated_samples import Repeats

__all__ = ["MOST_COMPARED", "require_comparable", "require_few", "require_no_conflict"]

# Each of them is read once more.
MOST_COMPARED = 32


def require_few(others: list[str]) -> None:
    """Refuse a part that would have to be compared with too many others.

    Raises
    ------
    RepeatedSamplesError
        Says what to do.
    """
    if len(others) > MOST_COMPARED:
        raise RepeatedSamplesError(
            f"more than {MOST_COMPARED} other parts have samples of the same series in the same "
            f"time range (such as {others[0]}), too many to find samples at one time among them; "
            "sort the rows by time or by series before they are cut into files, tell the files "
            "apart with file_labels= (a label of a file's name), write them as one Dask or Spark "
            "frame, of which all partitions are compared at once, or pass duplicates='keep' if no "
            "sample is there twice"
        )


def require_comparable(part: str, other: str, reason: str | None = None) -> NoReturn:
    """Refuse a part whose samples cannot be compared with those of another one.

    Raises
    ------
    RepeatedSamplesError
        Says why, and what to do.
    """
    raise RepeatedSamplesError(
        f"{part}: has samples of series that {other} also has, in the same time range, and it is "
        f"not known whether any are the same ({reason or 'frames are gone through once'}); "
        "write both from files, give each a label of its own, or pass duplicates='keep' to store "
        "all of them"
    )


def require_no_conflict(
    repeats: Repeats, policy: DuplicatesPolicy, part: str, other: str, *, same_file: bool
) -> None:
    """Refuse a part of which other samples should stay than those that are sent.

    Raises
    ------
    RepeatedSamplesError
        Names the parts and the first such sample.
    """
    conflict = repeats.conflict
    if conflict is None:
        return
    remedy = (
        "name the column that tells them apart with label_columns="
        if same_file
        else "tell the files apart with file_labels= (a label of a file's name), or name the "
        "column that does with label_columns="
    )
    what = "samples" if policy == "error" else "other values"
    raise RepeatedSamplesError(
        f"{part}: has {what} at {repeats.n_conflicts:,} times at which {other} has samples of the "
        f"same series (first: {shown_line(conflict.label_set.decode(errors='replace'))} at "
        f"{format_utc(conflict.time_ms)} is {conflict.value:g} here, and {conflict.other:g} "
        f"there); {remedy}, or pass duplicates='first' to leave out what comes later, or 'keep' "
        "to store both"
    )
