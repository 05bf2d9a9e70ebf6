from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.frame_samples import START_MS, minutes
from tests.support.stored_samples import export
from vm_df_writer import ServerRejected, VmWriter, WriteReport
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.warning_classes import InexactWarning

# Small frames lose a large share of their samples with each that is dropped.
pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

StartServer = Callable[..., LocalVictoriaMetrics]

FORMAT = {"__name__": "vm_$VAR", "for": "$QUERY_KEY"}
TIMES = minutes(0, 1, 2)
NO_TIMES = minutes(None, None, None)
LEVELS = pd.MultiIndex.from_tuples(
    [("y", "cpu", "a"), ("y", "cpu", "b"), ("yhat", "ram", "a")], names=["var", "query_key", "host"]
)
LONG = pd.DataFrame({"timestamp": TIMES, "host": ["a", "b", "a"], "y": [1.5, 2.5, np.nan]})


@pytest.fixture
def url(victoria_metrics: LocalVictoriaMetrics) -> str:
    return victoria_metrics.url


def stored(url: str, run: str) -> dict[str, list[tuple[int, float]]]:
    """Return what is stored of a run: minutes and values by name and labels."""
    found = {}
    for label_set, samples in export(url, f'{{run="{run}"}}').items():
        labels = dict(label_set)
        name = labels.pop("__name__")
        assert labels.pop("run") == run
        text = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        found[f"{name}{{{text}}}"] = [((ms - START_MS) // 60_000, value) for ms, value in samples]
    return found


def assert_account_closes(report: WriteReport) -> None:
    assert report.undelivered == 0
    assert report.verification is not None
    assert report.verification.ok
    assert report.verification.expected == report.samples
    assert report.to_frame()["samples"].sum() == report.samples


@pytest.mark.parametrize(
    ("frame", "reading", "layout", "expected"),
    [
        (
            pd.DataFrame({"y": [1.5, np.nan, 2.5], "yhat": [1, 2, 3]}, index=TIMES),
            {"query_key": "cpu"},
            "wide",
            {"vm_y{for=cpu}": [(0, 1.5), (2, 2.5)], "vm_yhat{for=cpu}": [(0, 1), (1, 2), (2, 3)]},
        ),
        (
            pd.DataFrame(np.arange(9.0).reshape(3, 3), index=TIMES, columns=LEVELS),
            {},
            "wide",
            {
                "vm_y{for=cpu,host=a}": [(0, 0), (1, 3), (2, 6)],
                "vm_y{for=cpu,host=b}": [(0, 1), (1, 4), (2, 7)],
                "vm_yhat{for=ram,host=a}": [(0, 2), (1, 5), (2, 8)],
            },
        ),
        (
            pd.DataFrame({"a": [1.0, 2, 3], "b": [4.0, 5, 6]}, index=TIMES),
            {"var": "anomaly_score", "column_label": "host", "query_key": "cpu"},
            "wide",
            {
                "vm_anomaly_score{for=cpu,host=a}": [(0, 1), (1, 2), (2, 3)],
                "vm_anomaly_score{for=cpu,host=b}": [(0, 4), (1, 5), (2, 6)],
            },
        ),
        (
            LONG.assign(query_key=["cpu", "cpu", "ram"], yhat=[1, 2, 3]),
            {},
            "long",
            {
                "vm_y{for=cpu,host=a}": [(0, 1.5)],
                "vm_y{for=cpu,host=b}": [(1, 2.5)],
                "vm_yhat{for=cpu,host=a}": [(0, 1)],
                "vm_yhat{for=cpu,host=b}": [(1, 2)],
                "vm_yhat{for=ram,host=a}": [(2, 3)],
            },
        ),
        (
            LONG.melt(["timestamp", "host"]),
            {"query_key": "cpu"},
            "melted",
            {"vm_y{for=cpu,host=a}": [(0, 1.5)], "vm_y{for=cpu,host=b}": [(1, 2.5)]},
        ),
    ],
)
def test_every_layout_lands_and_is_verified(
    url: str, frame: pd.DataFrame, reading: Any, layout: str, expected: dict[str, Any]
) -> None:
    run = uuid4().hex
    before = frame.copy(deep=True)
    with VmWriter(url, metric_format=FORMAT) as writer:
        report = writer.write(frame, verify=True, labels={"run": run}, **reading)
    assert report.layout == layout
    assert (report.rows, report.series) == (3, len(expected))
    assert_account_closes(report)
    assert report.total == report.samples + sum(report.dropped.values())
    assert stored(url, run) == expected
    pd.testing.assert_frame_equal(frame, before)


def test_the_report_counts_what_happened_to_every_sample(url: str) -> None:
    run = uuid4().hex
    times = minutes(0, 1, None, 3, 3)[[0, 1, 2, 3, 4]]
    times = times.where(times != times[1], times[1] + pd.Timedelta("1us"))
    frame = pd.DataFrame({"y": [1, np.nan, 3, 4, 5], "z": [np.inf, 2, 3, 4, 2.0**53]}, index=times)
    frame["i"] = np.array([2**53 + 1, 2**53, 0, 0, 2**60], np.int64)
    with pytest.warns(InexactWarning), VmWriter(url, metric_format={"__name__": "$VAR"}) as writer:
        report = writer.write(
            frame.assign(small=[1e9, 1.23456789e-6, 0, 0, 0]),
            layout="wide",
            verify=True,
            labels={"run": run},
        )
    assert report.dropped == {"nat": 4, "nan": 1, "inf": 1, "duplicate": 4}
    assert report.adjusted == {"sub_millisecond": 3, "inexact": 3}
    assert report.samples == 10
    assert_account_closes(report)
    assert (report.first_ms, report.last_ms) == (START_MS, START_MS + 3 * 60_000)
    assert report.bytes_raw == report.bytes_sent > 0
    assert (report.requests, report.retries, report.in_doubt) == (1, 0, 0)
    has_vmui = requests.get(f"{url}/vmui/", timeout=10).ok  # Debian's build has none
    assert (report.vmui_url or "").startswith(f"{url}/vmui/#/?") is has_vmui
    assert sum(map(len, stored(url, run).values())) == report.samples


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, [(0, 3.0)]),
        ({"duplicates": "first"}, [(0, 5.0)]),
        ({"duplicates": "max"}, [(0, 7.0)]),
        ({"duplicates": "keep"}, [(0, 3.0), (0, 5.0), (0, 7.0)]),
    ],
)
def test_duplicates_are_stored_by_the_policy(url: str, policy: Any, expected: Any) -> None:
    run = uuid4().hex
    frame = pd.DataFrame({"y": [5.0, 7.0, 3.0]}, index=minutes(0, 0, 0))
    with VmWriter(url, metric_format={"__name__": "$VAR"}) as writer:
        report = writer.write(frame, verify=True, labels={"run": run}, **policy)
    assert_account_closes(report)
    assert stored(url, run) == {"y{}": expected}


def test_infinities_are_stored_where_asked_for(url: str) -> None:
    run = uuid4().hex
    frame = pd.DataFrame({"y": [np.inf, 1.0, -np.inf]}, index=TIMES)
    with VmWriter(url, metric_format={"__name__": "$VAR"}) as writer:
        report = writer.write(frame, verify=True, labels={"run": run}, inf="keep")
    assert_account_closes(report)
    assert stored(url, run) == {"y{}": [(0, np.inf), (1, 1.0), (2, -np.inf)]}


def test_a_large_frame_goes_in_many_bodies(url: str) -> None:
    run = uuid4().hex
    rng = np.random.default_rng(0)
    index = pd.date_range("2026-01-01", periods=12_000, freq="s", tz="UTC")
    frame = pd.DataFrame(rng.normal(size=(12_000, 30)).round(6), index=index)
    frame = frame.mask(rng.random(frame.shape) < 0.02)
    with VmWriter(
        url, metric_format={"__name__": "m_$VAR"}, batch_max_bytes=2**20, compression="gzip"
    ) as writer:
        report = writer.write(frame, verify=True, labels={"run": run})
    assert report.requests > 5
    assert report.bytes_sent < report.bytes_raw / 2
    assert report.samples == int(frame.notna().to_numpy().sum())
    assert_account_closes(report)


def test_a_dry_run_sends_nothing(url: str) -> None:
    run = uuid4().hex
    with VmWriter(url, metric_format=FORMAT) as writer:
        report = writer.write(LONG, query_key="cpu", labels={"run": run}, dry_run=True, verify=True)
    assert (report.samples, report.undelivered, report.dropped) == (0, 2, {"nan": 1})
    assert (report.requests, report.bytes_sent, report.verification) == (0, 0, None)
    assert (report.series, report.to_frame()["undelivered"].tolist()) == (2, [1, 1])
    assert stored(url, run) == {}


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), LONG[:0], LONG.assign(y=np.nan), LONG.assign(timestamp=NO_TIMES)]
)
def test_nothing_to_write_makes_no_request(
    frame: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    with VmWriter("http://localhost:9", metric_format=FORMAT) as writer:
        with caplog.at_level(logging.WARNING, "vm_df_writer"):
            report = writer.write(frame, query_key="cpu")
        assert (report.samples, report.requests, report.undelivered) == (0, 0, 0)
        assert report.total == (0 if frame.empty else 3)
        assert "No valid datapoints" in caplog.text


def test_a_check_tells_where_samples_go_and_stores_nothing(url: str) -> None:
    with VmWriter(url) as writer:
        found = writer.check()
    assert found.import_url == f"{url}/api/v1/import"
    assert found.elapsed_s > 0


def test_a_check_needs_the_credentials(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=secret")
    with VmWriter(server.url, user="me", password="wrong") as writer:
        with pytest.raises(ServerRejected) as caught:
            writer.check()
        assert caught.value.status == 401
        assert "wrong" not in str(caught.value)
    with VmWriter(server.url.replace("://", "://me:secret@")) as writer:
        assert "secret" not in repr(writer) + writer.check().import_url
        frame = LONG.drop(columns="host").fillna(1.0)
        assert writer.write(frame, query_key="q", verify=True).samples == 3


def test_a_writer_may_be_pickled_and_used_by_many_threads(url: str) -> None:
    runs = [uuid4().hex for _ in range(6)]
    with VmWriter(url, metric_format=FORMAT) as original:
        writer = pickle.loads(pickle.dumps(original))  # noqa: S301
        assert writer.config == original.config

        def write(run: str) -> None:
            for i in range(5):
                frame = LONG.assign(timestamp=LONG["timestamp"] + pd.Timedelta(hours=i))
                writer.write(frame, query_key="cpu", labels={"run": run})

        threads = [threading.Thread(target=write, args=[run]) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        writer.close()
    for run in runs:
        assert {name: len(samples) for name, samples in stored(url, run).items()} == {
            "vm_y{for=cpu,host=a}": 5,
            "vm_y{for=cpu,host=b}": 5,
        }
