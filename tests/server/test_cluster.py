"""What a real cluster says of tenants, drops and nodes that take nothing."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
import requests

from tests.support.cluster import CLUSTER_BIN, Cluster, running_cluster
from tests.support.writers import writer_with
from vm_df_writer import (
    LabelError,
    RetentionWarning,
    ServerRejected,
    TenantLabelWarning,
    VerificationError,
    VmWriter,
)
from vm_df_writer.model.verification import Verification

pytestmark = pytest.mark.skipif(
    CLUSTER_BIN is None,
    reason="VM_CLUSTER_BIN names no folder with vminsert, vmselect and vmstorage",
)

NOW = pd.Timestamp.now("UTC").floor("min")
FRAME = pd.DataFrame({"y": range(500)}, index=pd.date_range(end=NOW, periods=500, freq="1min"))
ALL_FOUND = Verification(expected=500, found=500)


def writer_to(cluster: Cluster, tenant_id: str = "multitenant", **parameters: Any) -> VmWriter:
    return writer_with(
        cluster.vminsert,
        query_url=cluster.vmselect,
        tenant_id=tenant_id,
        metric_format={"__name__": "$VAR"},
        timeout="5s",
        **parameters,
    )


def n_stored(cluster: Cluster, tenant: str) -> int:
    """Return how many samples a tenant has, with copies."""
    url = f"{cluster.vmselect}/select/{tenant}/prometheus/api/v1/export"
    lines = requests.post(url, {"match[]": '{__name__="y"}', "start": "0"}, timeout=30)
    return sum(len(orjson.loads(line)["timestamps"]) for line in lines.content.splitlines())


def test_tenants_that_are_new_are_found_and_not_repaired() -> None:
    with running_cluster() as cluster, writer_to(cluster) as writer:
        for account in ("1", "2"):
            labels = {"vm_account_id": account, "vm_project_id": "7"}
            assert writer.write(FRAME, labels=labels, verify="repair").verification == ALL_FOUND
            assert n_stored(cluster, f"{account}:7") == 500


def test_a_project_that_is_not_named_is_found_in_project_0() -> None:
    with running_cluster() as cluster, writer_to(cluster) as writer:
        with pytest.warns(TenantLabelWarning):
            report = writer.write(FRAME, labels={"vm_account_id": "3"}, verify="repair")
        assert report.verification == ALL_FOUND
        assert n_stored(cluster, "3:0") == 500


def test_what_a_vminsert_drops_is_told_with_its_counter(tmp_path: Path) -> None:
    config = tmp_path / "relabel.yml"
    config.write_text("- {action: drop, source_labels: [__name__], regex: 'y'}")
    with (
        running_cluster(insert_flags=[f"-relabelConfig={config}"]) as cluster,
        writer_to(cluster, "0") as writer,
        pytest.raises(VerificationError, match="vm_relabel_metrics_dropped_total by 1"),
    ):
        writer.write(FRAME, verify=True)


def test_nodes_that_are_read_only_are_told_and_nothing_is_sent_again() -> None:
    full = "-storage.minFreeDiskSpaceBytes=1000000GB"
    told = "2 of 2 vmstorage nodes are unreachable or read-only) still to hand on"
    with (
        running_cluster(storage_flags=[full]) as cluster,
        writer_to(cluster, "0") as writer,
        pytest.raises(VerificationError, match=re.escape(told)) as caught,
    ):
        writer.write(FRAME, verify="repair")
    assert caught.value.verification == Verification(expected=500, missing=500)


def test_a_tenant_that_is_no_number_is_refused_and_goes_into_no_other() -> None:
    with running_cluster() as cluster, writer_to(cluster) as writer:
        labels = {"vm_account_id": "abc", "vm_project_id": "7"}
        with pytest.raises(LabelError, match="'vm_account_id': 1 of 1 series have 'abc', where a"):
            writer.write(FRAME, labels=labels)
        assert n_stored(cluster, "0:7") == 0


def test_what_storages_keep_and_flush_is_known_where_they_are_named() -> None:
    old = FRAME.shift(-9, freq="D")
    with (
        running_cluster(storage_flags=["-retentionPeriod=7d"]) as cluster,
        writer_to(cluster, "0", storage_urls=cluster.storages) as writer,
    ):
        with pytest.warns(RetentionWarning, match="500 samples are older"):
            assert writer.write(old, verify=True).dropped == {"too_old": 500}
        began = time.monotonic()
        assert writer.write(FRAME, verify=True).verification == ALL_FOUND
        assert time.monotonic() - began < 4.5  # the wait where nothing can be flushed is 5 s
        check = writer.check()
    assert (check.retention_s, len(check.storages), check.refusal) == (7 * 86_400, 2, "")


def graphed(cluster: Cluster, frame: pd.DataFrame) -> float:
    """Return the number of samples in a graph, which a vmselect caches."""
    query = {"query": "count_over_time(y[1m])", "step": "60"}
    first, last = (pd.Timestamp(time).timestamp() for time in (frame.index[0], frame.index[-1]))
    query |= {"start": str(first), "end": str(last)}
    url = f"{cluster.vmselect}/select/0/prometheus/api/v1/query_range"
    result = requests.get(url, query, timeout=30).json()["data"]["result"]
    return sum(float(value) for series in result for _, value in series["values"])


def test_old_graphs_show_new_samples_after_a_reset() -> None:
    with running_cluster() as cluster, writer_to(cluster, "0") as writer:
        hours_ago = FRAME.shift(-12, freq="h")
        assert graphed(cluster, hours_ago) == 0
        assert writer.write(hours_ago, reset_cache=True).cache_reset == "done"
        assert graphed(cluster, hours_ago) == 500


def test_nodes_that_are_read_only_are_told_by_the_check() -> None:
    full = "-storage.minFreeDiskSpaceBytes=1000000GB"
    with (
        running_cluster(storage_flags=[full]) as cluster,
        writer_to(cluster, "0", storage_urls=cluster.storages) as writer,
    ):
        assert "the storage is read-only" in writer.check().refusal


def test_receipts_of_tenants_are_checked_tenant_by_tenant() -> None:
    with running_cluster() as cluster, writer_to(cluster) as writer:
        tenants = [{"vm_account_id": account, "vm_project_id": "7"} for account in ("1", "2")]
        one, other = (writer.write(FRAME, labels=labels, receipt=True) for labels in tenants)
        found = writer.verify_receipt(one.receipt() + other.receipt())
        assert found == Verification(expected=1_000, found=1_000)


def test_reading_like_a_frame_sees_tenants_that_are_new_and_puts_their_labels_back() -> None:
    """vmselect keeps its list of tenants for five minutes, and exports by that."""
    with running_cluster() as cluster, writer_to(cluster) as writer:
        one, other = ({"vm_account_id": account, "vm_project_id": "7"} for account in ("1", "2"))
        writer.write(FRAME, labels=one, verify=True)
        with pytest.warns(TenantLabelWarning, match="leaves out those that its list"):
            assert len(writer.read(match="y")) == 500
        writer.write(FRAME * 2, labels=other, verify=True)
        long = pd.concat([FRAME.assign(**one), (FRAME * 2).assign(**other)])
        read = writer.read(like=long, label_columns=[*one], layout="long")
        assert read["y"].tolist() == [*range(500), *range(0, 1000, 2)]
        assert read["vm_account_id"].tolist() == ["1"] * 500 + ["2"] * 500
        with writer_to(cluster, "2:7") as of_tenant:
            assert of_tenant.read(match="y")["y"].tolist() == list(range(0, 1000, 2))


def test_deduplication_on_the_storages_alone_is_told_from_a_loss_where_they_are_named() -> None:
    sampled = ["-dedup.minScrapeInterval=5m"]
    with running_cluster(storage_flags=sampled) as cluster:
        with (
            writer_to(cluster, "0") as writer,
            pytest.raises(VerificationError, match="deduplication on a vmstorage alone") as caught,
        ):
            writer.write(FRAME, verify=True)
        assert caught.value.verification is not None
        missing = caught.value.verification.missing
        assert missing >= 390
        with writer_to(cluster, "0", storage_urls=cluster.storages) as writer:
            found = writer.verify(FRAME)
    assert (found.missing, found.deduplicated) == (0, missing)


def test_a_read_that_fails_names_the_node_that_is_gone() -> None:
    frame = pd.concat([FRAME.add_prefix(f"{'c' * 40}_{i}_") for i in range(40)], axis=1)
    with running_cluster() as cluster, writer_to(cluster, "0") as writer:
        writer.write(frame, verify=True)
        cluster.nodes[0].stop()
        with pytest.raises(ServerRejected, match=r"503 Service Unavailable.*connection refused"):
            writer.verify(frame)


def test_a_vmselect_that_is_written_to_leaves_nothing_in_doubt() -> None:
    with (
        running_cluster() as cluster,
        writer_with(cluster.vmselect) as writer,
        pytest.raises(ServerRejected, match="check datasource_url, tenant_id and imp") as caught,
    ):
        writer.write(FRAME)
    assert not caught.value.in_doubt
