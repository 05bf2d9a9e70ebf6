from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.model.replaced import Replaced
from vm_df_writer.model.report import CacheReset, Verification, WriteReport
from vm_df_writer.model.sample_counts import SampleCounts

T = 1767225600000


def table(*rows: tuple[bytes, int, int, int]) -> SampleCounts:
    """Return a table of label set, samples, first and last millisecond after the start of 2026."""
    label_sets, samples, first, last = zip(*rows, strict=True)
    return SampleCounts(
        list(label_sets), np.array(samples), T + np.array(first), T + np.array(last)
    )


A, B = b'{"__name__":"y","host":"a"}', b'{"__name__":"y","dc":"b"}'
NOT_PLAIN = {"acknowledged_counts", "undelivered_counts", "digests"}
FULL = WriteReport(
    layout="wide",
    rows=4,
    series=2,
    samples=5,
    dropped={"nan": 2},
    adjusted={"inexact": 1},
    bytes_raw=100,
    bytes_sent=50,
    requests=2,
    retries=1,
    in_doubt=1,
    first_ms=T,
    last_ms=T + 60_000,
    elapsed_s=0.5,
    undelivered=1,
    spooled=("a.jsonl.gz",),
    verification=Verification(expected=5, found=4, missing=1),
    vmui_url="http://localhost:8428/vmui/?x=1&y=2",
    grafana_url="http://localhost:3000/explore",
    acknowledged_counts=(table((A, 3, 0, 60_000), (A, 1, 70_000, 70_000), (B, 1, 5, 5)),),
    undelivered_counts=(table((B, 1, 1, 1)),),
)


def test_the_account_closes() -> None:
    assert FULL.total == 5 + 2 + 1
    assert WriteReport(layout="wide").total == 0


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.samples = 6  # type: ignore[misc]


def test_speed_is_acknowledged_samples_by_wall_time() -> None:
    assert FULL.samples_per_s == 10.0
    assert WriteReport(layout="wide", samples=5).samples_per_s == 0.0


def test_merging_adds_what_can_be_added() -> None:
    other = WriteReport(
        layout="wide",
        rows=1,
        series=1,
        samples=2,
        dropped={"nan": 1, "inf": 4},
        adjusted={"sub_millisecond": 3},
        bytes_raw=10,
        bytes_sent=5,
        requests=1,
        in_doubt=1,
        first_ms=T - 5,
        last_ms=T + 5,
        elapsed_s=0.25,
        undelivered=3,
        spooled=("b.jsonl.gz",),
        verification=Verification(expected=2, found=1, mismatched=1),
        vmui_url=FULL.vmui_url,
        acknowledged_counts=(table((A, 2, 0, 5)),),
    )
    merged = FULL + other
    assert merged.total == FULL.total + other.total
    assert (merged.layout, merged.rows, merged.samples, merged.undelivered) == ("wide", 5, 7, 4)
    assert merged.dropped == {"nan": 3, "inf": 4}
    assert merged.adjusted == {"inexact": 1, "sub_millisecond": 3}
    assert (merged.bytes_raw, merged.bytes_sent) == (110, 55)
    assert (merged.requests, merged.retries, merged.in_doubt) == (3, 1, 2)
    assert (merged.first_ms, merged.last_ms, merged.elapsed_s) == (T - 5, T + 60_000, 0.75)
    assert merged.spooled == ("a.jsonl.gz", "b.jsonl.gz")
    assert merged.verification == Verification(expected=7, found=5, missing=1, mismatched=1)
    assert merged.vmui_url == FULL.vmui_url
    assert merged.grafana_url is None


def test_series_that_two_reports_share_count_once() -> None:
    other = WriteReport(layout="wide", series=1, acknowledged_counts=(table((A, 2, 0, 5)),))
    assert (FULL + other).series == 2
    assert (WriteReport(layout="wide", series=1) + WriteReport(layout="wide", series=2)).series == 3


def test_reports_of_two_layouts_are_mixed() -> None:
    long = WriteReport(layout="long", first_ms=None)
    merged = FULL + long
    assert merged.layout == "mixed"
    assert (merged.first_ms, merged.last_ms) == (FULL.first_ms, FULL.last_ms)
    assert merged.verification == FULL.verification
    assert (long + long).first_ms is None


def test_merging_does_not_change_the_reports() -> None:
    before = FULL.to_dict()
    _ = FULL + FULL
    assert FULL.to_dict() == before


def test_plain_values_are_ready_for_json() -> None:
    assert FULL.verification is not None
    plain = json.loads(json.dumps(FULL.to_dict()))
    assert plain["samples_per_s"] == 10.0
    assert plain["verification"] == {**dataclasses.asdict(FULL.verification), "ok": False}
    assert plain["spooled"] == ["a.jsonl.gz"]
    named = {field.name for field in dataclasses.fields(WriteReport)}
    assert set(plain) == named - NOT_PLAIN | {"samples_per_s"}
    assert WriteReport(layout="wide").to_dict()["verification"] is None


def test_the_frame_has_a_row_per_series() -> None:
    frame = FULL.to_frame().set_index("dc", drop=False)
    assert list(frame.columns) == [
        "__name__", "host", "dc", "samples", "undelivered", "first", "last"
    ]  # fmt: skip
    b = frame.loc["b"]
    assert (b["samples"], b["undelivered"]) == (1, 1)
    assert (b["first"], b["last"]) == (_utc(1), _utc(5))
    a = frame[frame["host"] == "a"].iloc[0]
    assert (a["samples"], a["undelivered"]) == (4, 0)
    assert (a["first"], a["last"]) == (_utc(0), _utc(70_000))


def test_labels_that_are_named_as_the_counts_are_keep_their_values() -> None:
    label_set = b'{"__name__":"y","samples":"a","first":"b"}'
    frame = WriteReport(
        layout="wide", acknowledged_counts=(table((label_set, 3, 0, 1)),)
    ).to_frame()
    assert frame.iloc[0][["label_samples", "label_first"]].tolist() == ["a", "b"]
    assert frame.iloc[0][["samples", "first"]].tolist() == [3, _utc(0)]


def test_series_stay_in_the_order_in_which_they_were_sent() -> None:
    sent = [b'{"__name__":"%s"}' % name for name in (b"z", b"a", b"m", b"b")]
    acknowledged = table(*((label_set, 1, 0, 0) for label_set in sent[:3]))
    undelivered = table((sent[3], 1, 0, 0), (sent[0], 1, 0, 0))
    report = WriteReport(
        layout="wide", acknowledged_counts=(acknowledged,), undelivered_counts=(undelivered,)
    )
    frame = report.to_frame()
    assert frame["__name__"].tolist() == ["z", "a", "m", "b"]
    assert frame["undelivered"].tolist() == [1, 0, 0, 1]


def _utc(ms: int) -> pd.Timestamp:
    return pd.Timestamp(T + ms, unit="ms", tz="UTC")


def test_the_frame_of_nothing_is_empty() -> None:
    frame = WriteReport(layout="wide").to_frame()
    assert len(frame) == 0
    assert {"samples", "undelivered", "first", "last"} <= set(frame.columns)


def test_the_text_tells_all() -> None:
    text = str(FULL)
    for fact in (
        "samples acknowledged  5",
        "dropped               2 nan",
        "adjusted              1 inexact",
        "undelivered           1",
        "time range            2026-01-01 00:00:00 UTC to 2026-01-01 00:01:00 UTC",
        "requests              2 (1 retries, 1 in doubt)",
        "bytes                 100 raw, 50 sent",
        "elapsed               0.50 s, 10 samples/s",
        "spooled               1 files, the first is a.jsonl.gz",
        "verification          FAILED: 4 of 5 samples found, 1 missing, 0 mismatched",
        "vmui                  http://localhost:8428/vmui/?x=1&y=2",
        "grafana               http://localhost:3000/explore",
    ):
        assert fact in text.splitlines()


def test_a_verified_report_says_so() -> None:
    report = WriteReport(layout="wide", verification=Verification(expected=2, found=2))
    assert "verification          verified: 2 of 2 samples found" in str(report)


def test_the_html_is_escaped_and_links() -> None:
    html = dataclasses.replace(FULL, dropped={"<b>": 1})._repr_html_()
    assert "<b>" not in html
    assert "1 &lt;b&gt;" in html
    assert '<a href="http://localhost:8428/vmui/?x=1&amp;y=2"' in html


def test_jupyter_shows_the_values_beside_their_names() -> None:
    cells = re.findall(r"<td[^>]*>", FULL._repr_html_())
    assert set(cells) == {'<td style="text-align:left;overflow-wrap:anywhere">'}


def test_a_report_of_nothing_counts_nothing() -> None:
    plain = WriteReport(layout="wide").to_dict()
    counts = ("rows", "series", "samples", "bytes_raw", "bytes_sent", "requests", "retries")
    assert all(plain[name] == 0 for name in (*counts, "in_doubt", "elapsed_s", "undelivered"))


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ("done", "failed", "failed"),
        ("automatic", "advised", "advised"),
        ("done", None, "done"),
        (None, None, None),
    ],
)
def test_merging_takes_the_cache_reset_that_went_worst(
    one: CacheReset | None, other: CacheReset | None, merged: CacheReset | None
) -> None:
    reports = [WriteReport(layout="wide", cache_reset=reset) for reset in (one, other)]
    assert (reports[0] + reports[1]).cache_reset == merged
    assert (reports[1] + reports[0]).cache_reset == merged


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ({"a": 1}, {"a": 2, "b": 3}, {"a": 3, "b": 3}),
        (None, {}, {}),
        (None, None, None),
    ],
)
def test_merging_adds_what_the_server_dropped_and_keeps_that_it_was_not_asked(
    one: dict[str, int] | None, other: dict[str, int] | None, merged: dict[str, int] | None
) -> None:
    reports = [WriteReport(layout="wide", server_drops=drops) for drops in (one, other)]
    assert (reports[0] + reports[1]).server_drops == merged


def test_the_counts_of_the_frame_are_integers_also_where_a_series_has_none() -> None:
    frame = FULL.to_frame()
    assert [frame[name].dtype for name in ("samples", "undelivered")] == [np.int64] * 2


@pytest.mark.parametrize(
    ("reset", "text"),
    [
        ("failed", "the server did not forget them, and may not show these samples in them"),
        ("done", "the server was told to forget them"),
        ("automatic", "the server renews them by itself, within seconds"),
    ],
)
def test_the_text_says_what_became_of_cached_graphs(reset: CacheReset, text: str) -> None:
    lines = str(WriteReport(layout="wide", cache_reset=reset)).splitlines()
    assert f"cached graphs         {text}" in lines


def test_what_a_server_and_a_replacement_did_is_told_and_ready_for_json() -> None:
    replaced = Replaced(series=2, samples=3)
    report = dataclasses.replace(FULL, replaced=replaced, server_drops={"too_old": 7})
    assert report.to_dict()["replaced"] == {"series": 2, "samples": 3, "bytes_raw": 0}
    assert report.to_dict()["server_drops"] == {"too_old": 7}
    assert f"replaced              {replaced}" in str(report).splitlines()
    assert "server's own drops    7 too_old" in str(report).splitlines()


def test_one_line_names_the_worst() -> None:
    verification = "FAILED: 4 of 5 samples found, 1 missing, 0 mismatched"
    account = "<WriteReport: wide, 5 samples of 2 series acknowledged, 2 dropped"
    assert repr(FULL) == f"{account}, 1 UNDELIVERED, {verification}>"
    report = dataclasses.replace(FULL, undelivered=0, verification=None)
    assert repr(report) == f"{account}>"
    assert report.headline == "every sample is acknowledged, and only reading them back failed"
    report = dataclasses.replace(FULL, undelivered=0)
    assert report.headline == "while sending again 1 samples that the server did not keep"
