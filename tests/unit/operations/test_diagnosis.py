"""What is told of a write that was not read back, by servers that answer as a cluster does."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from tests.support.stub_cluster import StubCluster
from vm_df_writer import RetentionWarning, VerificationError, VmWriter
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

NOW = pd.Timestamp.now("UTC").floor("min")
UNTOLD = "timestamps: samples are older than a day, and no server reports for how long it keeps"


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


def days_ago(days: int, n: int = 10) -> pd.DataFrame:
    index = pd.date_range(NOW - pd.Timedelta(days=days), periods=n, freq="1min")
    return pd.DataFrame({"y": np.arange(float(n))}, index=index)


def test_an_untold_retention_is_logged_once(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = StubCluster(httpserver)
    with VmWriter(config=cluster.config()) as writer:
        writer.write(days_ago(0))
        assert warned(caplog) == []
        for _ in range(2):
            writer.write(days_ago(2))
    assert [message[: len(UNTOLD)] for message in warned(caplog)] == [UNTOLD]


@pytest.mark.parametrize("how", ["retention", "storage_urls"])
def test_what_is_older_than_a_told_retention_is_counted(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    cluster = StubCluster(httpserver)
    config = cluster.config(
        with_storages=how == "storage_urls", retention="7d" if how == "retention" else None
    )
    old_and_new = pd.concat([days_ago(8), days_ago(6)])
    remedy = {"retention": "correct retention", "storage_urls": "raise its -retentionPeriod"}[how]
    with (
        VmWriter(config=config) as writer,
        pytest.warns(RetentionWarning, match=f"10 samples are older .*; {remedy} if you need"),
    ):
        report = writer.write(old_and_new)
    assert (report.samples, report.dropped) == (10, {"too_old": 10})
    assert warned(caplog) == []


def test_a_flag_that_may_drop_is_logged_once_unless_the_write_is_verified(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = StubCluster(httpserver, insert_flags={"dropSamplesOnOverload": "true"})
    with VmWriter(config=cluster.config()) as writer:
        for _ in range(2):
            writer.write(days_ago(0))
    (message,) = warned(caplog)
    assert message == (
        "a server runs with -dropSamplesOnOverload=true, by which it may store something else "
        "than it was sent; verify=True shows it"
    )


def test_counters_of_a_server_that_may_drop_are_waited_for(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    cluster = StubCluster(httpserver, insert_flags={"dropSamplesOnOverload": "true"})
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        cluster.counters = 'vm_rpc_rows_dropped_on_overload_total{name="vminsert"} 7\n'
        cluster.renew_counters()

    backend = Backend.of(cluster.config(), read_back=ReadBackPolicy(sleep=sleep))
    with VmWriter.from_backend(backend) as writer:
        assert writer.write(days_ago(0)).server_drops is None
        report = writer.write(days_ago(0, 600_000))
    assert waited == [1.1]
    assert report.server_drops == {"vm_rpc_rows_dropped_on_overload_total": 7}
    assert (
        "dropped, of this write or of another one: vm_rpc_rows_dropped_on_overload_total by 7"
        in (caplog.text)
    )


def test_counters_of_other_servers_are_not_waited_for(httpserver: HTTPServer) -> None:
    cluster = StubCluster(httpserver)
    policy = replace(ReadBackPolicy(), sleep=lambda _: pytest.fail("it waits"))
    with VmWriter.from_backend(Backend.of(cluster.config(), read_back=policy)) as writer:
        assert writer.write(days_ago(0, 500_000)).server_drops is None


@pytest.mark.parametrize("with_storages", [True, False])
def test_a_verification_waits_only_where_no_storage_can_be_flushed(
    httpserver: HTTPServer, with_storages: bool
) -> None:
    cluster = StubCluster(httpserver)
    waited: list[float] = []
    policy = ReadBackPolicy(sleep=waited.append, patience_s=0.0)
    backend = Backend.of(cluster.config(with_storages=with_storages), read_back=policy)
    with (
        VmWriter.from_backend(backend) as writer,
        pytest.raises(VerificationError, match="10 of 10 samples, in 1 series, were not read"),
    ):
        writer.write(days_ago(0), verify=True)
    assert (max(waited) > 4) != with_storages
    flushed = [r.path for r, _ in httpserver.log if r.path.endswith("force_flush")]
    part = "vmstorage" if with_storages else "vmselect"
    assert set(flushed) == {f"/{part}/internal/force_flush"}


def test_a_cache_is_reset_once_samples_can_be_read(httpserver: HTTPServer) -> None:
    cluster = StubCluster(httpserver)
    waited: list[float] = []
    reset = "/vmselect/internal/resetRollupResultCache"
    httpserver.expect_request(reset, query_string="propagate=1").respond_with_data("")
    policy = ReadBackPolicy(sleep=waited.append)
    with VmWriter.from_backend(Backend.of(cluster.config(), read_back=policy)) as writer:
        assert writer.write(days_ago(0), reset_cache=True).cache_reset == "done"
    assert waited == [12.0]
