"""What an import answers 204 to and then skips or alters: here it is refused or counted by us.

The rest is in test_what_a_server_drops.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import requests

from vm_df_writer import (
    ColumnError,
    DuplicateSeriesError,
    InexactWarning,
    LabelClashWarning,
    LabelError,
    RetentionWarning,
    TimestampError,
    VmWriter,
    WriteReport,
    to_import_lines,
)
from vm_df_writer.local import LocalVictoriaMetrics

# Frames of three samples lose a large share of them with each that is dropped.
pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

StartServer = Callable[..., LocalVictoriaMetrics]

NOW = pd.Timestamp.now("UTC").floor("s")
TIMES = pd.date_range(NOW - timedelta(minutes=4), periods=5, freq="1min")
FORMAT = {"__name__": "$VAR"}


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics) -> VmWriter:
    return VmWriter(victoria_metrics.url, metric_format={**FORMAT, "run": uuid4().hex})


def column(*values: Any, times: Any = TIMES) -> pd.DataFrame:
    return pd.DataFrame({"y": list(values)}, index=times[: len(values)])


def verified(report: WriteReport) -> bool:
    return report.verification is not None and report.verification.found == report.samples


def test_values_that_are_none_are_counted(writer: VmWriter) -> None:
    report = writer.write(column(1.0, None, np.nan, float("nan"), 5.0), verify=True)
    assert (report.samples, report.dropped) == (2, {"nan": 3})
    assert verified(report)


def test_infinities_are_counted_or_stored(writer: VmWriter) -> None:
    frame = column(1.0, np.inf, -np.inf)
    dropped = writer.write(frame, labels={"inf": "no"}, verify=True)
    assert (dropped.dropped, verified(dropped)) == ({"inf": 2}, True)
    kept = writer.write(frame, labels={"inf": "yes"}, inf="keep", verify=True)
    assert (kept.samples, verified(kept)) == (3, True)


@pytest.mark.parametrize("value", ["2.5", "+Inf", "", b"1"])
def test_values_that_are_text_are_refused(writer: VmWriter, value: object) -> None:
    with pytest.raises(ColumnError, match="expected a number, got"):
        writer.write(column(1.0, value), layout="wide")


def test_values_of_all_sizes_are_stored_or_reported(writer: VmWriter) -> None:
    for i, values in enumerate([(-0.0, 1.0), (1.7e308, -1e300), (1e-290, -3e-291)]):
        assert verified(writer.write(column(*values), labels={"size": i}, verify=True))


def test_values_that_become_zero_are_counted(writer: VmWriter) -> None:
    report = writer.write(column(-0.0, 5e-324, 1e-297, 1e-295, 0.0))
    assert (report.samples, report.adjusted) == (5, {"inexact": 2})


@pytest.mark.parametrize(
    ("factor", "unit"), [(1, "ms"), (10**3, "s"), (10**6, "ms"), (10**6, "s"), (10**9, "us")]
)
def test_timestamps_in_another_unit_are_refused(writer: VmWriter, factor: int, unit: str) -> None:
    seconds = [1767225600, 1767225660]
    frame = pd.DataFrame({"y": [1.0, 2.0]}, index=[second * factor for second in seconds])
    with pytest.raises(TimestampError, match="outside 1971"):
        writer.write(frame, time_unit=unit)  # type: ignore[arg-type]


@pytest.mark.parametrize("time", [-5, 0, 86_399_999, 2**63 - 1])
def test_timestamps_beyond_all_history_are_refused(writer: VmWriter, time: int) -> None:
    frame = pd.DataFrame({"y": [1.0]}, index=pd.Index([time], name="time"))
    with pytest.raises(TimestampError, match="outside 1971"):
        writer.write(frame, time_unit="ms")


@pytest.mark.parametrize("time", [1767225600.0, float("inf"), "noon", True, 2**63, [1767225600000]])
def test_timestamps_that_are_no_times_are_refused(writer: VmWriter, time: object) -> None:
    frame = pd.DataFrame({"time": pd.Series([time], dtype=object), "y": [1.0]})
    with pytest.raises(TimestampError, match="column 'time'"):
        writer.write(frame, time="time", time_unit="ms")


def test_timestamps_that_are_none_are_counted_and_texts_are_read(writer: VmWriter) -> None:
    frame = pd.DataFrame({"time": ["2026-01-01T00:01:00Z", None], "y": [1.0, 2.0]})
    report = writer.write(frame, time="time", verify=True)
    assert (report.samples, report.dropped, verified(report)) == (1, {"nat": 1}, True)


def test_duplicate_and_unordered_timestamps_are_stored_as_told(writer: VmWriter) -> None:
    times = TIMES[[3, 1, 1, 0, 3]]
    frame = column(1.0, 2.0, 3.0, 4.0, 5.0, times=times)
    last = writer.write(frame, labels={"keep": "last"}, verify=True)
    assert (last.samples, last.dropped) == (3, {"duplicate": 2})
    every = writer.write(frame, labels={"keep": "all"}, duplicates="keep", verify=True)
    assert (every.samples, verified(every)) == (5, True)


@pytest.mark.parametrize(
    ("given", "stored"),
    [(7, "7"), (1.5, "1.5"), (True, "true"), ("é\n\t\x00{}", "é\n\t\x00{}"), ('"\\', '"\\')],
)
def test_label_values_of_any_type_are_stored_as_text(
    writer: VmWriter, given: object, stored: str
) -> None:
    assert verified(writer.write(column(1.0), labels={"a b": given}, verify=True))
    run = writer.config.metric_format["run"]
    answer = requests.get(
        f"{writer.config.datasource_url}/api/v1/series",
        {"match[]": f'{{run="{run}"}}', "start": str(NOW.timestamp() - 3600)},
        timeout=10,
    )
    assert answer.json()["data"] == [{"__name__": "y", "run": run, "a b": stored}]


@pytest.mark.parametrize(
    "labels",
    [
        *({"": "x"}, {"n" * 257: "x"}, {"x": "x" * 4097}, {f"l{i}": "x" for i in range(29)}),
        *({"\ud800": "x"}, {"x": "\ud800"}, {"x": b"\xff"}, {"x": ["a"]}, {"x": {"a": "b"}}),
    ],
    ids=lambda labels: repr(labels)[:12],
)
def test_labels_that_the_server_would_alter_are_refused(
    labels: dict[str, object],
) -> None:
    writer = VmWriter("http://127.0.0.1:1", metric_format={**FORMAT, "run": "x"})
    with pytest.raises(LabelError, match=r"server keeps|expected a label value|not valid Unicode"):
        writer.write(column(1.0), labels=labels)


def test_labels_that_are_too_long_together_are_refused(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter
) -> None:
    labels = {f"l{i:02}": "v" * 3_000 for i in range(19)}
    report = writer.write(column(1.0, 2.0), labels=labels, verify=True)
    assert verified(report)
    labels |= {f"m{i:02}": "v" * 3_000 for i in range(6)}
    with pytest.raises(LabelError, match=r"up to 75,\d+ bytes of labels together, and servers"):
        writer.write(column(1.0), labels=labels)
    run = uuid4().hex  # what the server does with it
    lines = b"".join(to_import_lines(column(1.0), metric_format={**FORMAT, "run": run}))
    sent = json.loads(lines) | {"metric": {"__name__": "y", "run": run, **labels}}
    url = victoria_metrics.url
    assert requests.post(f"{url}/api/v1/import", json=sent, timeout=30).status_code == 204
    requests.get(f"{url}/internal/force_flush", timeout=30)
    asked = {"match[]": f'{{run="{run}"}}', "start": "0"}
    assert requests.get(f"{url}/api/v1/export", asked, timeout=30).content == b""


def test_a_label_that_is_given_twice_is_refused_or_warned_of(writer: VmWriter) -> None:
    frame = pd.DataFrame({"host": ["a"], "time": TIMES[:1], "y": [1.0]})
    with pytest.raises(LabelError, match="'host' is a label of the frame too"):
        writer.write(frame, labels={"host": "b"})
    for name in ("run", "__name__"):
        labels = {name: "b", "set": name}
        with pytest.warns(LabelClashWarning, match=f"'{name}' set by the frame and by metric_fo"):
            report = writer.write(frame, labels=labels, verify=True)
        assert verified(report)


def test_an_empty_label_value_cannot_merge_two_series(writer: VmWriter) -> None:
    frame = pd.DataFrame({"host": ["", None], "time": TIMES[:2], "y": [1.0, 2.0]})
    report = writer.write(frame, label_columns=["host"], verify=True)
    assert (report.series, verified(report)) == (1, True)
    columns = pd.MultiIndex.from_tuples([("y", ""), ("y", None)], names=["var", "host"])
    wide = pd.DataFrame([[1.0, 2.0]], index=TIMES[:1], columns=columns)
    with pytest.raises(DuplicateSeriesError, match="render to the same label set"):
        writer.write(wide)


def test_a_series_without_a_name_is_refused(writer: VmWriter) -> None:
    with pytest.raises(LabelError, match="has no name"):
        writer.write(pd.DataFrame({"": [1.0]}, index=TIMES[:1]))


def test_digits_that_will_be_lost_beside_a_large_value_are_counted(writer: VmWriter) -> None:
    with pytest.warns(InexactWarning, match="the server keeps about 18 digits"):
        report = writer.write(column(1e18, 0.123456789, 1.0), verify=True)
    assert report.adjusted == {"inexact": 2}
    assert verified(report)


@pytest.mark.parametrize(
    ("flags", "retention", "age", "reason"),
    [
        ([], "1d", timedelta(hours=25), "too_old"),
        ([], "1", timedelta(days=31, hours=1), "too_old"),
        ([], "1d", -timedelta(days=2, hours=1), "too_new"),
        (["-metricsAuthKey=secret"], "1d", timedelta(hours=25), "too_old"),
    ],
)
def test_samples_outside_of_what_a_server_keeps_are_not_sent(
    start_victoria_metrics: StartServer,
    flags: list[str],
    retention: str,
    age: timedelta,
    reason: str,
) -> None:
    server = start_victoria_metrics(*flags, retention=retention)
    frame = column(1.0, 2.0, 3.0, times=pd.DatetimeIndex([NOW, NOW - age, NOW]).as_unit("us"))
    with (
        VmWriter(server.url, metric_format=FORMAT) as writer,
        pytest.warns(RetentionWarning, match="1 samples are .* than what the server keeps"),
    ):
        report = writer.write(frame, duplicates="keep", verify=True)
    assert (report.samples, report.dropped, verified(report)) == (2, {reason: 1}, True)
    assert report.total == 3


def test_a_frame_of_which_nothing_is_kept_is_not_sent(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics(retention="1d")
    frame = column(1.0, 2.0, times=TIMES - timedelta(days=9))
    with (
        VmWriter(server.url, metric_format=FORMAT) as writer,
        pytest.warns(RetentionWarning, match="2 samples are older"),
    ):
        report = writer.write(frame, verify=True)
    assert (report.samples, report.requests, report.dropped) == (0, 0, {"too_old": 2})


def test_labels_beyond_the_limits_of_this_very_server_are_refused(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-maxLabelsPerTimeseries=3", "-maxLabelValueLen=5000")
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        assert verified(writer.write(column(1.0), labels={"a": "1", "b": "2"}, verify=True))
        assert verified(writer.write(column(1.0), labels={"a": "x" * 5000}, verify=True))
        with pytest.raises(LabelError, match="up to 4 labels, and the server keeps 3"):
            writer.write(column(1.0), labels={"a": "1", "b": "2", "c": "3"})
        with pytest.raises(LabelError, match="has 5001 bytes, and the server keeps 5000"):
            writer.write(column(1.0), labels={"a": "x" * 5001})


@pytest.mark.parametrize("limit", ["64KiB", "65536"])
def test_lines_are_no_longer_than_this_very_server_takes(
    start_victoria_metrics: StartServer, limit: str
) -> None:
    server = start_victoria_metrics(f"-import.maxLineLen={limit}")
    times = pd.date_range(NOW - timedelta(days=1), periods=40_000, freq="1s")
    frame = pd.DataFrame({"y": np.random.default_rng(0).normal(size=40_000)}, index=times)
    (line,) = to_import_lines(frame.iloc[:10_000], metric_format=FORMAT)
    answer = requests.post(f"{server.url}/api/v1/import", line, timeout=10)
    assert (answer.status_code, "too long line" in answer.text) == (400, True)
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        report = writer.write(frame, verify=True)
    assert (report.samples, report.requests, verified(report)) == (40_000, 1, True)


def test_a_server_that_does_not_know_an_encoding_is_not_sent_it(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    with VmWriter(victoria_metrics.url, metric_format=FORMAT, compression="zstd") as writer:
        assert verified(writer.write(column(1.0), labels={"run": uuid4().hex}, verify=True))


def test_the_server_finds_no_line_of_ours_invalid(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    odd = {'a"\\\n': "\u2028😀\x01", "le": "+Inf"}
    frame = column(1.0, None, np.inf, -0.0, 1e10)
    with VmWriter(server.url, metric_format=FORMAT) as writer:
        writer.write(frame, labels=odd, inf="keep")
        writer.write(frame, labels=odd)
    time.sleep(1.1)
    metrics = requests.get(f"{server.url}/metrics", timeout=10).text
    assert 'vm_rows_invalid_total{type="vmimport"} 0\n' in metrics
