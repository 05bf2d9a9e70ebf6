"""Which tenants of a cluster are asked for what is read, and what becomes of their labels."""

from __future__ import annotations

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from tests.support.blocks import T, export_line
from tests.support.stub_cluster import StubCluster
from vm_df_writer import TenantLabelWarning, VmWriter

ONE = {"vm_account_id": "1", "vm_project_id": "7"}
OTHER = {"vm_account_id": "2", "vm_project_id": "0"}
FRAME = pd.DataFrame({"y": [1.0, 2.0]}, pd.to_datetime([T, T + 1], unit="ms", utc=True))


@pytest.fixture
def cluster(httpserver: HTTPServer) -> StubCluster:
    """A vmselect whose list of all tenants lacks the newer one."""
    cluster = StubCluster(httpserver)
    y = {"__name__": "y"}
    cluster.exported = {
        "multitenant": export_line({**y, **ONE}, [0, 1], "1,2"),
        "1:7": export_line(y, [0, 1], "1,2"),
        "2:0": export_line(y, [0, 1], "3,4"),
    }
    return cluster


def test_a_tenant_is_read_for_itself(cluster: StubCluster) -> None:
    with VmWriter(config=cluster.config(tenant_id="2:0")) as writer:
        assert writer.read(match="y")["y"].tolist() == [3, 4]
        assert writer.read(like=FRAME)["y"].tolist() == [3, 4]
    assert cluster.read_from == ["2:0", "2:0"]


def test_what_a_frame_names_is_read_tenant_by_tenant_and_keeps_their_labels(
    cluster: StubCluster,
) -> None:
    long = pd.concat([FRAME.assign(**ONE), FRAME.assign(**OTHER)])
    with VmWriter(config=cluster.config(tenant_id="multitenant")) as writer:
        read = writer.read(like=long, label_columns=[*ONE], layout="long")
    assert read["y"].tolist() == [1, 2, 3, 4]
    assert read["vm_account_id"].tolist() == ["1", "1", "2", "2"]
    assert sorted(cluster.read_from) == ["1:7", "2:0"]


def test_selectors_are_asked_of_all_tenants_at_once_which_may_leave_some_out(
    cluster: StubCluster,
) -> None:
    told = r"^match: a vmselect that is asked for all tenants at once .*; set tenant_id to one "
    with (
        VmWriter(config=cluster.config(tenant_id="multitenant")) as writer,
        pytest.warns(TenantLabelWarning, match=told),
    ):
        read = writer.read(match="y", layout="long")
    assert read["y"].tolist() == [1, 2]
    assert read["vm_account_id"].tolist() == ["1", "1"]
    assert cluster.read_from == ["multitenant"]
