"""What a part that repeats samples is told."""

from __future__ import annotations

import pytest

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.other_parts import (
    require_comparable,
    require_few,
    require_no_conflict,
)
from vm_df_writer.jobs.overlap.repeated_samples import Conflict, Repeats

CONFLICT = Repeats({}, 3, Conflict(b'{"__name__":"y"}', 1772323200000, 250.5, 1.5))


WHOLE = (
    r"^b\.csv: has other values at 3 times at which a\.csv has samples of the same series "
    r'\(first: {"__name__":"y"} at 2026-03-01 00:00:00 UTC is 250\.5 here, and 1\.5 there\); '
    r"tell the files apart with file_labels= \(a label of a file's name\), or name the column "
    r"that does with label_columns=, or pass duplicates='first' to leave out what comes later, or "
    r"'keep' to store both$"
)


@pytest.mark.parametrize(
    ("policy", "same_file", "match"),
    [
        ("last", False, WHOLE),
        ("last", True, r"there\); name the column that tells them apart with label_columns=, or"),
        ("error", False, r"^b\.csv: has samples at 3 times at which a\.csv has samples"),
    ],
)
def test_a_conflict_names_both_parts_and_the_first_sample(
    policy: DuplicatesPolicy, same_file: bool, match: str
) -> None:
    with pytest.raises(RepeatedSamplesError, match=match):
        require_no_conflict(CONFLICT, policy, "b.csv", "a.csv", same_file=same_file)


def test_without_a_conflict_nothing_is_refused() -> None:
    require_no_conflict(Repeats({}), "error", "b.csv", "a.csv", same_file=False)
    require_few(["a.csv"] * 32)


def test_rows_that_are_scattered_over_many_parts_are_refused() -> None:
    match = r"^more than 32 other parts have samples of the same series .* \(such as a\.csv\), .*;"
    with pytest.raises(RepeatedSamplesError, match=match):
        require_few(["a.csv"] * 33)


def test_parts_that_cannot_be_compared_are_told_why() -> None:
    match = r"^frame 2: has samples .* that frame 1 also has, .* \(frames are gone through once\); "
    with pytest.raises(RepeatedSamplesError, match=match):
        require_comparable("frame 2", "frame 1")
    with pytest.raises(RepeatedSamplesError, match=r"\(it is gone\); write both from files, "):
        require_comparable("frame 2", "frame 1", "it is gone")
