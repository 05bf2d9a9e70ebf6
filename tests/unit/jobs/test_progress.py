"""Where nobody watches, a line comes now and then."""

from __future__ import annotations

import pytest

from vm_df_writer.files.part import Part
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.state.records import PartRecord, PartState

SENT, FAILED = PartState.SENT, PartState.FAILED


def part(rows: int) -> PartRecord:
    return PartRecord(1, "a.csv", Part(0, rows=rows))


def test_lines_tell_how_far_it_is_and_how_long_it_takes() -> None:
    now, lines = [0.0], list[str]()
    with JobProgress(
        "auto", 1000, lines.append, counts={FAILED: 2}, clock=lambda: now[0]
    ) as progress:
        for _ in range(4):
            now[0] += 6.0
            progress.note(part(100), SENT, 300)
        progress.note(part(100), FAILED)
    assert lines == [
        "200 of 1,000 rows, 600 samples, 50 samples/s, 2 parts failed, about 48 s left",
        "400 of 1,000 rows, 1,200 samples, 50 samples/s, 2 parts failed, about 36 s left",
        "500 of 1,000 rows, 1,200 samples, 50 samples/s, 3 parts failed, about 24 s left",
    ]


def test_a_bar_takes_the_place_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    with JobProgress(True, 1000, lines.append) as progress:
        progress.note(part(1000), SENT, 5000)
    assert lines == []
    assert "5,000 samples, 0 parts failed" in capsys.readouterr().err


def test_without_a_number_of_rows_a_line_says_what_is_done() -> None:
    progress = JobProgress(choice=False, n_rows=None, say=print)
    progress.note(part(300), SENT, 600)
    assert progress.line().startswith("300 rows, 600 samples, ")
    assert "left" not in progress.line()
