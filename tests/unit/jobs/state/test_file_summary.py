from __future__ import annotations

from pathlib import Path

import orjson

from tests.support.job_state import SOURCE
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs import FileSummary, read_report, save_report
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore


def test_the_parts_of_each_file_are_summed_up(tmp_path: Path) -> None:
    state, page = tmp_path / "job.sqlite", tmp_path / "report.html"
    other = SourceFile("<b>.parquet", SOURCE.stamp, "def", SOURCE.schema, SOURCE.parts[:1])
    with StateStore(state) as store:
        store.add_sources([SOURCE, other])
        for key, first_ms in ((1, 60_000), (2, 0)):
            store.begin(key)
            times = {"first_ms": first_ms, "last_ms": first_ms + 30_000}
            store.finish(key, PartState.SENT, None, {"samples": 5, **times})
    report = read_report(state)
    assert report.files == [
        FileSummary("<b>.parquet", {"pending": 1}, 10, 0, None, None),
        FileSummary("scores.parquet", {"sent": 2}, 15, 10, 0, 90_000),
    ]
    assert str(report.files[1]) == (
        "2 sent; 15 rows, 10 samples, 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:30 UTC"
    )
    plain = orjson.loads(orjson.dumps(report.to_dict()))
    assert plain["files"][0] == {
        "path": "<b>.parquet", "parts": {"pending": 1}, "rows": 10,
        "samples": 0, "first_ms": None, "last_ms": None,
    }  # fmt: skip
    save_report(report, page)
    html = page.read_text()
    assert str(report.files[1]) in html
    assert "&lt;b&gt;.parquet" in html
    assert "<b>.parquet" not in html
