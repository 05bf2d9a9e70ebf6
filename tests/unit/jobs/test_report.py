from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs.report import Failure, JobReport, read_report
from vm_df_writer.jobs.state.file_summary import FileSummary
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore

SOURCE = SourceFile(
    "scores.parquet",
    FileStamp(1000, 2**61),
    "abc",
    Schema({"y": "floats"}),
    [Part(number, rows=10**number) for number in range(4)],
)
NOTHING: dict[str, Any] = {
    "outcome": "done", "parts": {}, "rows": 0, "rows_left": 0, "samples": 0, "dropped": {},
    "adjusted": {}, "undelivered": 0, "bytes_raw": 0, "bytes_sent": 0, "requests": 0, "retries": 0,
    "in_doubt": 0, "repeated": 0, "missing": 0, "mismatched": 0, "first_ms": None, "last_ms": None,
    "elapsed_s": 0.0, "run_rows": 0, "run_samples": 0, "files": [], "failures": [],
}  # fmt: skip


def report_of(**facts: Any) -> JobReport:
    return JobReport(state_path="job.sqlite", **{**NOTHING, **facts})


def totals(**numbers: Any) -> dict[str, Any]:
    return {"samples": 0, "dropped": {}, "adjusted": {}, **numbers}


def test_the_numbers_of_all_parts_add_up(tmp_path: Path) -> None:
    state = tmp_path / "job.sqlite"
    summed = ("undelivered", "bytes_raw", "bytes_sent", "requests", "retries", "in_doubt")
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        for key, factor in ((1, 1), (2, 100)):
            store.begin(key)
            numbers = {name: factor * n for n, name in enumerate(summed, 1)}
            store.finish(
                key,
                PartState.VERIFIED,
                None,
                totals(
                    samples=7 * factor,
                    dropped={"nan": factor, f"only {key}": 3},
                    adjusted={"inexact": factor},
                    first_ms=1000 - factor,
                    last_ms=1000 + factor,
                    verification={"missing": 8 * factor, "mismatched": 9 * factor},
                    **numbers,
                ),
            )
        store.end_run("done")
    report = read_report(state)
    assert [getattr(report, name) for name in summed] == [101, 202, 303, 404, 505, 606]
    assert report.samples == 707
    assert report.dropped == {"nan": 101, "only 1": 3, "only 2": 3}
    assert report.adjusted == {"inexact": 101}
    assert (report.missing, report.mismatched) == (808, 909)
    assert (report.first_ms, report.last_ms) == (900, 1100)
    assert report.parts == {"verified": 2, "pending": 2}
    assert (report.rows, report.rows_left) == (1111, 1100)


def test_parts_that_need_something_done_are_named_and_no_others(tmp_path: Path) -> None:
    state = tmp_path / "job.sqlite"
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        ends = (PartState.FAILED, PartState.SPOOLED, PartState.SENT, PartState.EMPTY)
        for key, end in enumerate(ends, 1):
            store.begin(key)
            store.finish(key, end, f"it is {end}", totals())
        store.end_run("failed", "two of them")
    report = read_report(state)
    assert list(map(str, report.failures)) == [
        "scores.parquet, part 0: failed: it is failed",
        "scores.parquet, part 1: spooled: it is spooled",
        "scores.parquet, part 2: sent: it is sent",
    ]
    assert (report.outcome, report.reason, report.ok) == ("failed", "two of them", False)


def test_a_run_that_has_begun_nothing_is_read(tmp_path: Path) -> None:
    state = tmp_path / "job.sqlite"
    with StateStore(state):
        running = read_report(state)
    assert running.outcome == "running"
    assert (running.parts, running.rows, running.first_ms, running.last_ms) == ({}, 0, None, None)
    assert read_report(state).outcome == "killed"


def test_whether_the_cache_was_reset_is_as_the_caller_says(tmp_path: Path) -> None:
    state = tmp_path / "job.sqlite"
    with StateStore(state) as store:
        store.end_run("done")
    assert read_report(state).cache_reset is None
    assert read_report(state, cache_reset=False).cache_reset is False


def test_the_speed_is_that_of_the_last_run() -> None:
    assert report_of(run_samples=500, elapsed_s=2.0).samples_per_s == 250
    assert report_of(run_samples=500).samples_per_s == 0


def test_the_rest_takes_as_long_as_its_rows_at_the_rate_of_the_last_run() -> None:
    assert report_of(rows_left=300, run_rows=100, elapsed_s=2.0).seconds_left == 6
    assert report_of(rows_left=300, elapsed_s=2.0).seconds_left is None
    assert report_of(run_rows=100, elapsed_s=2.0).seconds_left == 0


def test_plain_values_are_ready_for_json() -> None:
    failure = Failure("a.csv", 3, PartState.FAILED, "no time")
    report = report_of(parts={"failed": 1}, failures=[failure], outcome="failed", rows_left=1)
    plain = orjson.loads(orjson.dumps(report.to_dict()))
    assert plain["failures"] == [
        {"path": "a.csv", "number": 3, "state": "failed", "reason": "no time"}
    ]
    assert plain["parts"] == {"failed": 1}
    assert (plain["ok"], plain["samples_per_s"], plain["seconds_left"]) == (False, 0.0, None)
    assert NOTHING.keys() <= plain.keys()


def test_the_table_says_what_there_is_and_nothing_more() -> None:
    text = str(report_of(outcome="refused", reason="no files"))
    assert "outcome               refused: no files" in text
    for fact in ("sent again", "read back", "time left", "query cache"):
        assert fact not in text
    full = str(
        report_of(
            repeated=1000, missing=2, mismatched=3, rows=60, rows_left=30, run_rows=30,
            elapsed_s=90.0, cache_reset=False, first_ms=1767225600000, last_ms=1767225660000,
        )
    )  # fmt: skip
    for line in (
        "rows                  60, 30 of them left",
        "time range            2026-01-01 00:00:00 UTC to 2026-01-01 00:01:00 UTC",
        "sent again            1,000 samples: the server may hold them twice",
        "read back             2 missing, 3 mismatched",
        "query cache           NOT reset: see the warning",
    ):
        assert line in full
    assert "time left" in full
    assert "query cache           reset" in str(report_of(cache_reset=True))


@pytest.mark.parametrize(("n_failures", "last"), [(20, "part 19"), (21, "and 1 more")])
def test_of_many_failures_the_first_twenty_are_shown(n_failures: int, last: str) -> None:
    failures = [Failure("a.csv", n, PartState.FAILED, "no") for n in range(n_failures)]
    *_, line = str(report_of(failures=failures)).splitlines()
    assert last in line
    assert f"part {n_failures - 1}" in report_of(failures=failures)._repr_html_()


def test_html_quotes_what_failed() -> None:
    failures = [Failure("<b>.csv", 0, PartState.FAILED, "a < b")]
    html = report_of(failures=failures)._repr_html_()
    assert "<b>.csv" not in html
    assert "&lt;b&gt;.csv, part 0: failed: a &lt; b" in html
    assert "parts that are not all right" not in report_of()._repr_html_()


def test_the_page_of_many_files_shows_the_first_ones() -> None:
    files = [FileSummary(f"{n}.csv", {"sent": 1}, 1, 1, 0, 0) for n in range(1002)]
    html = report_of(files=files)._repr_html_()
    assert "999.csv" in html
    assert "1000.csv" not in html
    assert "and 2 more" in html
    assert len(report_of(files=files).to_dict()["files"]) == 1002


def test_the_page_shows_files_without_the_folder_that_they_share() -> None:
    paths = ["s3://b/scores/x/1.csv", "s3://b/scores/x/12.csv", "s3://b/scores/y.csv"]
    files = [FileSummary(path, {"sent": 1}, 1, 1, 0, 0) for path in paths]
    html = report_of(files=files)._repr_html_()
    assert [name for name in (">x/1.csv<", ">x/12.csv<", ">y.csv<") if name not in html] == []
    assert ">1.csv<" in report_of(files=files[:1])._repr_html_()
