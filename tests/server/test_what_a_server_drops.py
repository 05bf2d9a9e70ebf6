"""What an import answers 204 to and then skips or alters, unknown to us: verify reports it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.stored_samples import export
from tests.support.writers import writer_with
from vm_df_writer import ServerRejected, VerificationError, WriteReport
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.model.verification import Verification

StartServer = Callable[..., LocalVictoriaMetrics]

NOW = pd.Timestamp.now("UTC").floor("s")
TIMES = pd.date_range(NOW - timedelta(minutes=4), periods=5, freq="1min")
FRAME = pd.DataFrame({"y": [0.1, 3.14159, 2.5, 1e-3, 7.0], "yhat": 1.5}, index=TIMES)
SILENT = ("-metricsAuthKey=secret", "-flagsAuthKey=secret")  # so that the server cannot tell


def start_or_skip(start: StartServer, *flags: str, **how: str) -> LocalVictoriaMetrics:
    try:
        return start(*flags, **how)
    except ServerUnavailable as error:
        if "flag provided but not defined" not in str(error):
            raise
        pytest.skip("this version of the server has no such flag")


def write(url: str, frame: pd.DataFrame = FRAME, **parameters: Any) -> WriteReport:
    with writer_with(url, metric_format={"__name__": "$VAR"}, **parameters) as writer:
        return writer.write(frame, verify=True)


def verdict(
    url: str, frame: pd.DataFrame = FRAME, **parameters: Any
) -> tuple[VerificationError, Verification, WriteReport]:
    with pytest.raises(VerificationError) as caught:
        write(url, frame, **parameters)
    report = caught.value.report
    assert report is not None
    assert report.verification is not None
    assert report.samples == report.verification.expected
    return caught.value, report.verification, report


def test_a_retention_that_is_not_told(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics(*SILENT, retention="1d")
    frame = FRAME.set_axis(NOW - pd.to_timedelta([0, 1, 30, 40, 50], unit="h"))
    error, found, report = verdict(server.url, frame)
    assert found == Verification(expected=10, found=4, missing=6)
    assert "look for the reason in the server's log (retention, label limits" in str(error)
    assert (report.dropped, report.server_drops) == ({}, None)


def test_a_future_limit_that_is_not_told(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics(*SILENT)
    frame = FRAME.set_axis(NOW + pd.to_timedelta([0, 24, 47, 49, 90], unit="h"))
    assert verdict(server.url, frame)[1] == Verification(expected=10, found=6, missing=4)


@pytest.mark.parametrize("flag", ["-maxLabelsPerTimeseries=2", "-maxLabelValueLen=3"])
def test_label_limits_that_are_not_told(start_victoria_metrics: StartServer, flag: str) -> None:
    server = start_victoria_metrics(*SILENT, flag)
    labels = pd.DataFrame({"a": "aaaa", "host": ["h1h1", "h2h2"], "time": TIMES[:2], "y": [1, 2]})
    assert verdict(server.url, labels)[1] == Verification(expected=2, missing=2)


def test_values_too_small_for_the_storage_format(start_victoria_metrics: StartServer) -> None:
    frame = pd.DataFrame({"y": [5e-310, 6e-310]}, index=TIMES[:2])
    error, found, _ = verdict(start_victoria_metrics().url, frame)
    assert found == Verification(expected=2, mismatched=2)
    assert "values of very different magnitude" in str(error)


RELABEL = {
    "drop": "- {action: drop, source_labels: [__name__], regex: 'y'}",
    "rename": "- {target_label: __name__, replacement: z, if: 'y'}",
}


@pytest.mark.parametrize("action", RELABEL)
def test_series_that_are_relabeled(
    start_victoria_metrics: StartServer, tmp_path: Path, action: str
) -> None:
    config = tmp_path / "relabel.yml"
    config.write_text(RELABEL[action])
    server = start_victoria_metrics(f"-relabelConfig={config}")
    error, found, report = verdict(server.url)
    assert found == Verification(expected=10, found=5, missing=5)
    assert f"the server tells that it runs with -relabelConfig={config}" in str(error)
    if action == "drop":
        assert report.server_drops == {"vm_relabel_metrics_dropped_total": 1}
        assert "counted what it dropped: vm_relabel_metrics_dropped_total by 1" in str(error)


def test_series_beyond_a_limit_of_cardinality(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-storage.maxHourlySeries=3")
    frame = pd.DataFrame(np.ones((2, 9)), index=TIMES[:2], columns=[f"c{i}" for i in range(9)])
    error, found, report = verdict(server.url, frame)
    # The server's count of series is a Bloom filter: some beyond the limit pass.
    assert found.missing in range(2, 13, 2)
    assert report.server_drops is not None
    counted = report.server_drops["vm_hourly_series_limit_rows_dropped_total"]
    assert counted == found.missing
    assert "-storage.maxHourlySeries=3" in str(error)


def test_values_that_are_cut_to_few_bits(start_victoria_metrics: StartServer) -> None:
    error, found, _ = verdict(start_victoria_metrics("-precisionBits=4").url)
    assert found.mismatched
    assert found.missing == 0
    assert "it runs with -precisionBits=4" in str(error)


def test_names_that_are_rewritten(start_victoria_metrics: StartServer) -> None:
    server = start_or_skip(start_victoria_metrics, "-usePromCompatibleNaming")
    error, found, _ = verdict(server.url, FRAME.rename(columns={"y": "y.1"}))
    assert found == Verification(expected=10, found=5, missing=5)
    assert "it runs with -usePromCompatibleNaming=true" in str(error)


def test_samples_that_are_aggregated(start_victoria_metrics: StartServer, tmp_path: Path) -> None:
    config = tmp_path / "aggregate.yml"
    config.write_text("- {match: 'y', interval: 1h, outputs: [last]}")
    server = start_or_skip(start_victoria_metrics, f"-streamAggr.config={config}")
    error, found, _ = verdict(server.url)
    assert found == Verification(expected=10, found=5, missing=5)
    assert f"-streamAggr.config={config}" in str(error)


@pytest.mark.parametrize("path", ["/api/v1/import/prometheus", "/write"])
def test_a_path_that_takes_something_else(start_victoria_metrics: StartServer, path: str) -> None:
    server = start_victoria_metrics()
    with pytest.raises((VerificationError, ServerRejected)) as caught:  # new ones refuse /write
        write(server.url, import_json_path=path)
    if isinstance(caught.value, VerificationError):
        assert caught.value.verification == Verification(expected=10, missing=10)
    else:
        assert path == "/write"


@pytest.mark.parametrize("interval", ["1ms", "1s", "2m"])
def test_deduplication_is_no_loss(start_victoria_metrics: StartServer, interval: str) -> None:
    server = start_victoria_metrics(f"-dedup.minScrapeInterval={interval}")
    times = pd.date_range(NOW - timedelta(minutes=5), periods=3000, freq="100ms")
    frame = pd.DataFrame({"y": np.arange(3000.0), "yhat": 1.0}, index=times)
    report = write(server.url, frame)
    found = report.verification
    assert found is not None
    assert found.ok
    assert found.expected == found.found + found.deduplicated == 6000
    per_interval = {"1ms": 1, "1s": 10, "2m": 1200}[interval]
    assert found.found == pytest.approx(6000 / per_interval, abs=4)
    assert ("deduplicated by the server" in str(report)) == (interval != "1ms")


def test_all_samples_of_one_time_but_one_are_deduplicated(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1ms")
    frame = pd.DataFrame({"y": [5.0, 9.0, 7.0, 1.0]}, index=TIMES[[0, 0, 0, 1]])
    with writer_with(server.url, metric_format={"__name__": "$VAR"}) as writer:
        found = writer.write(frame, duplicates="keep", verify=True).verification
    assert found == Verification(expected=4, found=2, deduplicated=2)


@pytest.mark.parametrize("flags", [[], ["-dedup.minScrapeInterval=1ms"]])
def test_a_sample_that_is_written_over_is_found_or_reported(
    start_victoria_metrics: StartServer, flags: list[str]
) -> None:
    server = start_victoria_metrics(*flags)
    with writer_with(server.url, metric_format={"__name__": "$VAR"}) as writer:
        for value in (5.0, 9.0, 7.0):
            frame = pd.DataFrame({"y": [value]}, index=TIMES[:1])
            try:
                found = writer.write(frame, verify=True).verification
            except VerificationError as error:
                found = error.verification
            ((kept),) = export(server.url, '{__name__="y"}').values()
            is_there = value in [number for _, number in kept]
            assert found == Verification(
                expected=1, found=is_there, mismatched=not is_there, conflicting=len(kept) - 1
            )


def test_digits_that_a_later_write_takes_are_missed_by_a_later_look(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics()
    small = pd.DataFrame({"y": [1.234567, 2.345678, 3.456789]}, index=TIMES[:3])
    with writer_with(server.url, metric_format={"__name__": "$VAR"}) as writer:
        assert writer.write(small, verify=True).verification == Verification(expected=3, found=3)
        writer.write(pd.DataFrame({"y": [1e18]}, index=TIMES[3:4]), verify=True)
        requests.get(f"{server.url}/internal/force_merge", timeout=10)
        time.sleep(1)
        with pytest.raises(VerificationError, match="values of very different magnitude") as caught:
            writer.verify(small)
    assert caught.value.verification == Verification(expected=3, mismatched=3)


def test_a_loss_is_told_from_deduplication(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1m", "-storage.maxHourlySeries=1")
    times = pd.date_range(NOW - timedelta(minutes=5), periods=30, freq="10s")
    names = ["y", "yhat", "yhat_lower", "yhat_upper"]
    found = verdict(server.url, pd.DataFrame(1.0, index=times, columns=names))[1]
    # The server counts series by a Bloom filter, which now and then takes another for the one.
    n_kept = 4 - found.missing // 30
    assert found.missing in (90, 60, 30)
    assert found.found + found.deduplicated == 30 * n_kept
    assert found.found in (5 * n_kept, 6 * n_kept)


def test_what_an_agent_hands_on_late_is_waited_for(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics()
    agent = start_vmagent(server.url, "-remoteWrite.flushInterval=500ms")
    assert write(agent.url, query_url=server.url).verification == Verification(
        expected=10, found=10
    )


def test_what_an_agent_cannot_hand_on_may_yet_arrive(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics()
    agent = start_vmagent(server.url)
    server.stop()
    with writer_with(agent.url, query_url=server.url, metric_format={"__name__": "$VAR"}) as writer:
        writer.write(FRAME)
    other = start_victoria_metrics()
    error, found, _ = verdict(agent.url, query_url=other.url)
    assert found == Verification(expected=10, missing=10)
    assert re.search("tells that it has [0-9,]+ (bytes|blocks) still to hand on, so", str(error))


def test_what_a_server_behind_an_agent_drops(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics(retention="1d")
    agent = start_vmagent(server.url)
    frame = FRAME.set_axis(NOW - pd.to_timedelta([0, 1, 2, 40, 50], unit="h"))
    error, found, report = verdict(agent.url, frame, query_url=server.url, retention="400d")
    assert found == Verification(expected=10, found=6, missing=4)
    ignored = 'vm_rows_ignored_total{reason="small_timestamp"}'
    assert report.server_drops == {ignored: 4}
    assert re.search(rf"dropped: {re.escape(ignored)} by 4", str(error))
