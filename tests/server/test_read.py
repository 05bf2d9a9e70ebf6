"""Reading back from real servers: frames are as they were, and what differs is named."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.packaged_servers import SERVERS
from tests.support.stored_samples import settled
from tests.support.writers import frame_of, writer_to, writer_with
from vm_df_writer import ConflictingSamplesWarning, FrameError, VerificationError, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2026-03-28 22:00", periods=300, freq="1min", tz="UTC")


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str) -> Iterator[VmWriter]:
    metric_format = {"__name__": f"{name}_$VAR", "for": "$QUERY_KEY"}
    with writer_with(victoria_metrics.url, metric_format=metric_format) as writer:
        yield writer


def numbers(*shape: int) -> Any:
    return np.random.default_rng(shape[0]).integers(-9_999, 9_999, shape) / 1000


def wide_of_levels() -> pd.DataFrame:
    columns = pd.MultiIndex.from_product([["y", "yhat"], ["b", "a"]], names=["var", "host"])
    return pd.DataFrame(numbers(len(TIMES), 4), index=TIMES.rename("ds"), columns=columns)


def long_of_hosts() -> pd.DataFrame:
    one = pd.DataFrame({"ds": TIMES, "host": "b", "y": numbers(300), "yhat": numbers(300)[::-1]})
    return pd.concat([one, one.assign(host="a", y=2.5)], ignore_index=True)


WIDE = pd.DataFrame(numbers(len(TIMES), 2), index=TIMES, columns=["y", "yhat"])
FRAMES: dict[str, tuple[Any, pd.DataFrame, dict[str, Any]]] = {
    "wide": ("wide", WIDE, {"query_key": "cpu", "labels": {"host": "a"}}),
    "wide in a zone with a gap": (
        "wide",
        WIDE.assign(y=WIDE["y"].mask(WIDE["y"] > 5)).set_axis(TIMES.tz_convert("Europe/Berlin")),
        {"query_key": "cpu"},
    ),
    "wide of hosts": (
        "wide",
        WIDE.rename_axis(columns="host"),
        {"query_key": "cpu", "var": "score", "column_label": "host"},
    ),
    "wide of levels": ("wide", wide_of_levels(), {"query_key": "cpu"}),
    "long": ("long", long_of_hosts(), {"query_key": "cpu", "labels": {"zone": "z"}}),
    "long of levels": ("long", long_of_hosts().set_index(["ds", "host"]), {"query_key": "cpu"}),
    "long of query keys": ("long", long_of_hosts().rename(columns={"host": "query_key"}), {}),
    "melted": (
        "melted",
        long_of_hosts().melt(["ds", "host"], var_name="metric", value_name="v"),
        {"query_key": "cpu", "variable_column": "metric", "value_column": "v"},
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_what_was_written_is_read_back_as_it_was(writer: VmWriter, kind: str) -> None:
    layout, frame, how = FRAMES[kind]
    writer.write(frame, verify=True, **how)
    read = writer.read(like=frame, layout=layout, **how)
    if layout == "melted":
        read = read[frame.columns].astype({"metric": str, "host": str})
        read, frame = (each.sort_values(["metric", "host", "ds"]) for each in (read, frame))
        read, frame = read.reset_index(drop=True), frame.reset_index(drop=True)
    elif layout == "long" and "ds" in frame:
        read = read[frame.columns]
    pd.testing.assert_frame_equal(
        read, frame, check_dtype=False, check_index_type=False, check_categorical=False,
        check_freq=False, check_column_type=False, rtol=1e-12,
    )  # fmt: skip


def test_a_report_is_as_good_as_the_frame_and_selectors_find_the_same(
    writer: VmWriter, name: str
) -> None:
    report = writer.write(WIDE, query_key="cpu", labels={"host": "a"}, verify=True)
    by_report = writer.read(like=report)
    by_match = writer.read([f'{{__name__="{name}_y"}}', f'{{__name__=~"{name}_.*",host="a"}}'])
    pd.testing.assert_frame_equal(by_report, by_match)
    assert by_match.attrs["reading"] == {
        "layout": "wide",
        "query_key": "cpu",
        "labels": {"host": "a"},
    }
    assert np.array_equal(by_match.to_numpy(), WIDE.to_numpy())


def test_a_sum_of_reports_reads_a_series_once_whose_labels_were_written_in_two_orders(
    writer: VmWriter,
) -> None:
    long = pd.DataFrame({"ds": TIMES, "host": "a", "zone": "z", "y": numbers(300)})
    early = writer.write(long[:150], query_key="cpu")
    late = writer.write(long[["ds", "zone", "host", "y"]][150:], query_key="cpu")
    read = writer.read(like=early + late, layout="long")
    assert read["y"].tolist() == long["y"].tolist()


def test_start_and_end_are_both_included(writer: VmWriter, name: str) -> None:
    writer.write(WIDE, query_key="cpu", verify=True)
    read = writer.read(f'{{__name__="{name}_y"}}', start=TIMES[10], end=TIMES[20])
    assert read.index.tolist() == TIMES[10:21].tolist()
    one = writer.read(f'{{__name__="{name}_y"}}', start=TIMES[10], end=TIMES[10])
    assert one.index.tolist() == [TIMES[10]]


@pytest.mark.parametrize("backend", ["polars", "arrow"])
@pytest.mark.parametrize("layout", ["wide", "long", "melted"])
def test_what_other_libraries_hold_is_written_again_as_the_same(
    writer: VmWriter, name: str, backend: Any, layout: Any
) -> None:
    pytest.importorskip("pyarrow")
    if backend == "polars":
        pytest.importorskip("polars")
    writer.write(wide_of_levels(), query_key="cpu", verify=True)
    match = f'{{__name__=~"{name}_.*"}}'
    read = writer.read(match, layout=layout, backend=backend)
    if layout == "wide":
        assert len(read.columns) == 5
        return  # the query key would be a label of another name
    again = writer.verify(read)
    assert again.found == again.expected == 1200
    assert again.foreign == 0


def test_servers_that_read_little_at_once_are_asked_in_spans(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
) -> None:
    # Old servers count whole blocks of 8,192 samples, of which a series may have two at one time.
    server = start_victoria_metrics("-search.maxSamplesPerQuery=100000")
    frame = frame_of(60_000, 3, gaps=0.1)
    held = frame.dropna(how="all")
    with writer_to(server.url, "spans") as writer:
        writer.write(frame)
        settled(server)
        for read in (
            writer.read("spans", start=frame.index[0], end=frame.index[-1]),
            writer.read(like=frame),
        ):
            assert np.array_equal(read.to_numpy(), held.to_numpy(), equal_nan=True)


def test_values_that_contradict_each_other_are_warned_of_and_all_can_be_seen(
    writer: VmWriter, name: str
) -> None:
    writer.write(WIDE, query_key="cpu", verify=True)
    writer.write(WIDE.iloc[:5] + 1, query_key="cpu", if_exists="append")
    match = f'{{__name__=~"{name}_.*"}}'
    with pytest.warns(ConflictingSamplesWarning, match="at 10 times of series"):
        assert len(writer.read(match)) == len(WIDE)
    with pytest.warns(ConflictingSamplesWarning, match="duplicates='max' chose one of each"):
        largest = writer.read(match, duplicates="max")
    assert np.allclose(largest.iloc[:5].to_numpy(), WIDE.iloc[:5].to_numpy() + 1)
    assert len(writer.read(match, duplicates="keep")) == len(WIDE) + 5
    with pytest.raises(FrameError, match="holds several samples at 2026-03-28 22:00:00 UTC"):
        writer.read(match, duplicates="error")


@pytest.mark.filterwarnings("ignore::vm_df_writer.CopiesWarning")
def test_a_diff_names_what_a_verification_counts(writer: VmWriter) -> None:
    writer.write(WIDE, query_key="cpu", verify=True)
    assert writer.diff(WIDE, query_key="cpu").empty
    writer.write(WIDE.iloc[10:14], query_key="cpu", if_exists="append")
    writer.write(WIDE[["y"]].iloc[20:22] + 1, query_key="cpu", if_exists="append")
    seconds_later = WIDE[["yhat"]].iloc[:3].shift(1, freq="1s")
    writer.write(seconds_later, query_key="cpu")
    longer = pd.concat([WIDE, WIDE.iloc[-1:].shift(2, freq="1min")])
    diff = writer.diff(longer, query_key="cpu")
    assert Counter(diff["difference"]) == {
        "copied": 8,
        "conflicting": 2,
        "foreign": 3,
        "missing": 2,
    }
    with pytest.raises(VerificationError) as refusal:
        writer.verify(longer, query_key="cpu")
    counts = refusal.value.verification
    assert counts is not None
    assert (counts.copies, counts.conflicting, counts.foreign, counts.missing) == (8, 2, 3, 2)
    conflicting = diff[diff["difference"] == "conflicting"]
    assert (conflicting["stored"] - conflicting["sent"]).round(9).tolist() == [1.0, 1.0]
    assert conflicting["time"].tolist() == TIMES[20:22].tolist()


def test_queries_have_the_shapes_of_frames(writer: VmWriter, name: str) -> None:
    frame = wide_of_levels()
    writer.write(frame, query_key="cpu", verify=True)
    expr = f"sum({name}_y) by (host)"
    steps = writer.query_range(expr, TIMES[0], TIMES[9], "1m")
    assert steps.columns.tolist() == ["a", "b"]
    assert np.allclose(steps.to_numpy(), frame["y"][["a", "b"]].iloc[:10].to_numpy())
    one = writer.query(f"{name}_y", TIMES[3], layout="melted")
    assert one["host"].tolist() == ["a", "b"]
    assert np.allclose(one["value"], frame["y"][["a", "b"]].iloc[3])
    assert writer.query(f"max({name}_y)", TIMES[3]).to_numpy().tolist() == [
        [frame["y"].iloc[3].max()]
    ]
    assert writer.query(f"{name}_nothing", TIMES[3]).empty


@pytest.mark.parametrize(
    "folder",
    sorted(SERVERS.glob("victoria-metrics-*/usr/bin")),
    ids=lambda folder: str(folder.parts[-3]),
)
def test_reading_needs_no_bounds_on_any_version(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """1.112 takes numbers from 2106 on for milliseconds, and answers with nothing."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), os.environ["PATH"]]))
    index = pd.date_range("2026-01-01", periods=10, freq="1min", tz="UTC")
    frame = pd.DataFrame({"y": range(10)}, index=index, dtype=float)
    with LocalVictoriaMetrics() as server, writer_with(server.url) as writer:
        writer.write(frame, verify=True)
        everything = '{__name__!=""}'
        for end in (None, "2106-02-07", "2106-03-01", "2150-01-01"):
            assert len(writer.read(everything, end=end)) == 10, end
        assert writer.read(everything, start="2150-01-01").empty
