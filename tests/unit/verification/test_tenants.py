from __future__ import annotations

import pytest

from tests.support.blocks import block_of
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.tenants import by_tenant


def endpoint(tenant_id: str | None) -> Endpoint:
    return Endpoint.of(
        WriterConfig(
            datasource_url="http://vminsert:8480",
            query_url="http://vmselect:8481",
            tenant_id=tenant_id,
        )
    )


def tenant_of(labels: dict[str, str]) -> tuple[str, bytes]:
    """Return the tenant that a series is read at, and its labels there."""
    block = block_of(({"__name__": "y", **labels}, [0], [1]))
    [tenant] = by_tenant(endpoint("multitenant"), block, [0])
    base = tenant.endpoint.read_url("").removeprefix("http://vmselect:8481/select/")
    return base.removesuffix("/prometheus/"), tenant.as_stored(block.label_sets[0])


@pytest.mark.parametrize(
    ("labels", "tenant"),
    [
        ({"vm_account_id": "5", "vm_project_id": "7"}, "5:7"),
        ({"vm_account_id": "5"}, "5:0"),
        ({"vm_project_id": "7"}, "0:7"),
        ({}, "0:0"),
        ({"vm_account_id": "007", "vm_project_id": "4294967295"}, "7:4294967295"),
        ({"vm_account_id": "4294967296", "vm_project_id": "-1"}, "0:0"),
        ({"vm_account_id": " 5", "vm_project_id": "\u0665"}, "0:0"),
    ],
)
def test_the_tenant_is_the_one_that_vminsert_chooses(labels: dict[str, str], tenant: str) -> None:
    assert tenant_of(labels) == (tenant, b'{"__name__":"y"}')


def test_the_names_from_before_1_82_choose_a_tenant_and_stay_among_the_labels() -> None:
    labels = {"VictoriaMetrics_AccountID": "5", "VictoriaMetrics_ProjectID": "7"}
    tenant, stored = tenant_of(labels)
    assert tenant == "5:7"
    assert b'"VictoriaMetrics_AccountID":"5","VictoriaMetrics_ProjectID":"7"' in stored


def test_the_last_one_of_several_labels_chooses() -> None:
    assert tenant_of({"VictoriaMetrics_AccountID": "5", "vm_account_id": "6"})[0] == "6:0"
    assert tenant_of({"vm_account_id": "6", "VictoriaMetrics_AccountID": "5"})[0] == "5:0"


def test_the_series_of_a_block_are_read_tenant_by_tenant() -> None:
    block = block_of(
        *(({"__name__": "y", "vm_account_id": account}, [0], [1]) for account in "1213")
    )
    tenants = list(by_tenant(endpoint("multitenant"), block, [0, 1, 2]))
    assert [tenant.series for tenant in tenants] == [[0, 2], [1]]


@pytest.mark.parametrize("tenant_id", [None, "5:7"])
def test_where_labels_choose_no_tenant_they_are_read_as_they_are(tenant_id: str | None) -> None:
    block = block_of(({"__name__": "y", "vm_account_id": "1"}, [0], [1]))
    here = endpoint(tenant_id)
    [tenant] = by_tenant(here, block, range(1))
    assert (tenant.endpoint, tenant.series) == (here, range(1))
    assert tenant.as_stored(block.label_sets[0]) == block.label_sets[0]
