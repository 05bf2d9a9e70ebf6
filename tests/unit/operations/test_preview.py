from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes
from vm_df_writer import DroppedWarning, Preview, VmWriter
from vm_df_writer.errors import FrameError

T = 1767225600000
# Nothing listens there: a preview must do without.
WRITER = VmWriter("http://localhost:9", metric_format={"__name__": "vm_$VAR", "for": "$QUERY_KEY"})
FRAME = pd.DataFrame(
    {"y": [1.0, np.nan, 2**53 + 1, 4.0], "z": [np.inf, 2.0, 1.0, 5.0]},
    index=minutes(0, 1, None, 1),
)


def preview(frame: pd.DataFrame = FRAME, **reading: object) -> Preview:
    return WRITER.preview(frame, query_key="cpu", **reading)  # type: ignore[arg-type]


def test_a_preview_tells_how_the_frame_is_read() -> None:
    found = preview()
    assert found.layout == "wide"
    assert found.reason == "the index is time and every column holds numbers"
    assert (found.rows, found.series, found.samples) == (4, 2, 3)
    assert found.dropped == {"nat": 2, "nan": 1, "inf": 1, "duplicate": 1}
    assert found.samples + sum(found.dropped.values()) == 8
    assert (found.first_ms, found.last_ms) == (T, T + 60_000)


def test_a_preview_tells_what_a_write_would_send() -> None:
    found = preview()
    with pytest.warns(DroppedWarning):
        report = WRITER.write(FRAME, query_key="cpu", dry_run=True)
    assert (found.bytes_raw, found.requests, found.is_estimate) == (report.bytes_raw, 1, False)
    assert (found.dropped, found.adjusted) == (report.dropped, report.adjusted)
    assert (found.samples, found.series) == (report.undelivered, report.series)
    assert json.loads(found.first_line) == {
        "metric": {"__name__": "vm_y", "for": "cpu"},
        "values": [1.0, 4.0],
        "timestamps": [T, T + 60_000],
    }


def test_a_preview_has_a_row_per_series() -> None:
    frame = preview().to_frame()
    assert frame["__name__"].tolist() == ["vm_y", "vm_z"]
    assert frame["for"].tolist() == ["cpu", "cpu"]
    assert frame["samples"].tolist() == [2, 1]
    start = pd.Timestamp(T, unit="ms", tz="UTC")
    assert frame["first"].tolist() == [start, start + pd.Timedelta("1min")]
    assert frame["last"].tolist() == [start + pd.Timedelta("1min")] * 2


def test_a_series_in_several_blocks_is_one_row() -> None:
    index = pd.date_range("2026-01-01", periods=600_000, freq="s", tz="UTC")
    found = preview(pd.DataFrame({"y": np.ones(600_000)}, index=index))
    assert (found.series, found.samples) == (1, 600_000)
    assert found.to_frame()["samples"].tolist() == [600_000]


def test_the_size_of_a_large_frame_is_estimated() -> None:
    values = np.random.default_rng(0).random((3000, 800))
    index = pd.date_range("2026-01-01", periods=3000, freq="s", tz="UTC")
    frame = pd.DataFrame(values, index=index)
    found = preview(frame)
    report = WRITER.write(frame, query_key="cpu", dry_run=True)
    assert found.is_estimate
    assert "about " in str(found)
    assert found.samples == report.undelivered
    assert found.bytes_raw == pytest.approx(report.bytes_raw, rel=0.01)
    assert found.requests == pytest.approx(report.bytes_raw / WRITER.config.batch_max_bytes, abs=2)


@pytest.mark.parametrize("frame", [FRAME[:0], FRAME[["y"]].iloc[[1]], pd.DataFrame()])
def test_a_preview_of_nothing_says_so(frame: pd.DataFrame) -> None:
    found = preview(frame)
    assert (found.series, found.samples, found.requests, found.bytes_raw) == (0, 0, 0, 0)
    assert (found.first_ms, found.last_ms, found.first_line) == (None, None, "")
    assert len(found.to_frame()) == 0
    assert "time range  - to -" in str(found)
    assert str(found).endswith("first line  -")  # and no empty table
    assert found._repr_html_().startswith("<table>")


def test_a_preview_refuses_what_a_write_refuses() -> None:
    with pytest.raises(FrameError, match=r"^label_columns: 'hots' is not a column"):
        preview(label_columns=["hots"])


def test_the_text_shows_the_facts_and_the_first_series() -> None:
    frame = pd.DataFrame(np.ones((1, 50)), index=minutes(0))
    text = str(preview(frame))
    assert "layout      wide (the index is time and every column holds numbers)" in text
    assert "series      50" in text
    assert "vm_9" in text
    assert "vm_10 " not in text
    assert text.endswith("\nand 40 more: see .to_frame()")
    assert "and 40 more" in preview(frame)._repr_html_()


def test_the_html_is_escaped() -> None:
    html = preview(FRAME.rename(columns={"y": "<script>"}))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_long_first_line_is_cut() -> None:
    frame = pd.DataFrame({"y": np.ones(100)}, index=minutes(*range(100)))
    found = preview(frame)
    assert len(found.first_line) > 1000
    shown = next(line for line in str(found).splitlines() if line.startswith("first line"))
    assert len(shown) < 320
    assert shown.endswith("...")
