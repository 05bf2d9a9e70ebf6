from __future__ import annotations

from typing import Any

import pytest

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError
from vm_df_writer.transport.endpoint import Endpoint, Targets
from vm_df_writer.transport.receiver import IMPORTING, PROMETHEUS


def endpoint(datasource_url: str, **parameters: Any) -> Endpoint:
    return Endpoint.of(WriterConfig(datasource_url=datasource_url, **parameters))


@pytest.mark.parametrize(
    ("datasource_url", "tenant_id", "import_url"),
    [
        ("http://vm:8428", None, "http://vm:8428/api/v1/import"),
        ("http://vm:8428///", None, "http://vm:8428/api/v1/import"),
        ("https://vm/prefix/", None, "https://vm/prefix/api/v1/import"),
        ("http://[2001:db8::1]:8428", None, "http://[2001:db8::1]:8428/api/v1/import"),
        ("http://me:secret@vm:8428", None, "http://vm:8428/api/v1/import"),
        ("http://vmi:8480", "5", "http://vmi:8480/insert/5/prometheus/api/v1/import"),
        ("http://vmi:8480/", "5:7", "http://vmi:8480/insert/5:7/prometheus/api/v1/import"),
        (
            "http://vmi:8480",
            "multitenant",
            "http://vmi:8480/insert/multitenant/prometheus/api/v1/import",
        ),
        ("http://lb/vm", "5", "http://lb/vm/insert/5/prometheus/api/v1/import"),
        (
            "http://vmi:8480/insert/5/prometheus/",
            None,
            "http://vmi:8480/insert/5/prometheus/api/v1/import",
        ),
        (
            "http://vmi:8480/insert/5:0/prometheus",
            "5",
            "http://vmi:8480/insert/5/prometheus/api/v1/import",
        ),
        (
            "http://vmi:8480/insert/prometheus",
            None,
            "http://vmi:8480/insert/prometheus/api/v1/import",
        ),
    ],
)
def test_import_url_has_the_tenant_once_and_no_doubled_slash(
    datasource_url: str, tenant_id: str | None, import_url: str
) -> None:
    assert endpoint(datasource_url, tenant_id=tenant_id).import_url == import_url


@pytest.mark.parametrize("path", ["/my/import", "my/import"])
def test_custom_import_path_takes_the_place_of_the_default_one(path: str) -> None:
    assert endpoint("http://vm", import_json_path=path).import_url == "http://vm/my/import"
    cluster = endpoint("http://vmi", import_json_path=path, tenant_id="5")
    assert cluster.import_url == "http://vmi/insert/5/prometheus/my/import"


@pytest.mark.parametrize(
    ("health_path", "health_url"),
    [
        ("/health", "http://vmi:8480/lb/health"),
        ("-/healthy", "http://vmi:8480/lb/-/healthy"),
        ("https://elsewhere/ping", "https://elsewhere/ping"),
    ],
)
def test_health_url_knows_no_tenant_and_may_be_elsewhere(health_path: str, health_url: str) -> None:
    cluster = endpoint("http://vmi:8480/lb", tenant_id="5", health_path=health_path)
    assert cluster.health_url == health_url


@pytest.mark.parametrize(
    ("parameters", "read_url", "root_url"),
    [
        ({}, "http://vm:8428/api/v1/export", "http://vm:8428/metrics"),
        (
            {"query_url": "http://replica:8428/"},
            "http://replica:8428/api/v1/export",
            "http://replica:8428/metrics",
        ),
        (
            {"tenant_id": "5:7", "query_url": "http://vms:8481"},
            "http://vms:8481/select/5:7/prometheus/api/v1/export",
            "http://vms:8481/metrics",
        ),
        (
            {"tenant_id": "5:7", "query_url": "http://vms:8481/select/5:7/prometheus"},
            "http://vms:8481/select/5:7/prometheus/api/v1/export",
            "http://vms:8481/metrics",
        ),
        (
            {"tenant_id": "5"},
            "http://vm:8428/select/5/prometheus/api/v1/export",
            "http://vm:8428/metrics",
        ),
    ],
)
def test_reading_back_goes_to_the_matching_read_side(
    parameters: dict[str, str], read_url: str, root_url: str
) -> None:
    found = endpoint("http://vm:8428", **parameters)
    assert found.read_url("/api/v1/export") == read_url
    assert found.root_url("/metrics") == root_url


def test_a_tenant_in_query_url_alone_is_for_reading_alone() -> None:
    # A vmagent that hands on to a cluster knows no tenants itself.
    agent = endpoint("http://vmagent:8429", query_url="http://vms:8481/select/5/prometheus")
    assert agent.import_url == "http://vmagent:8429/api/v1/import"
    assert agent.read_url("/api/v1/export") == "http://vms:8481/select/5/prometheus/api/v1/export"
    assert (agent.tenant, agent.read_tenant, agent.choose_tenant) == (None, "5", False)


@pytest.mark.parametrize(
    "parameters",
    [
        {"tenant_id": "multitenant"},
        {"query_url": "http://vms:8481/select/multitenant/prometheus"},
    ],
)
def test_labels_choose_the_tenant_if_it_is_multitenant_anywhere(parameters: dict[str, str]) -> None:
    assert endpoint("http://vm:8428", **parameters).choose_tenant


def test_tenant_of_the_write_path_is_the_tenant_of_the_read_path() -> None:
    found = endpoint("http://vmi:8480/insert/5/prometheus", query_url="http://vms:8481")
    assert found.read_url("/api/v1/export") == "http://vms:8481/select/5/prometheus/api/v1/export"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"datasource_url": "http://vmi/insert/5/prometheus", "tenant_id": "6"},
            (
                r"^datasource_url: its path names tenant '5', but the tenant is '6' elsewhere; "
                r"name it once, with tenant_id=$"
            ),
        ),
        (
            {
                "datasource_url": "http://vmi/insert/5/prometheus",
                "query_url": "http://vms/select/5:1/prometheus",
            },
            r"^query_url: its path names tenant '5:1', but the tenant is '5' elsewhere",
        ),
    ],
)
def test_two_different_tenants_are_refused(parameters: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        endpoint(**parameters)


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("http://localhost:8428", True),
        ("http://LOCALHOST:8428", True),
        ("http://vm.localhost", True),
        ("http://127.0.0.1:8428", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:8428", True),
        ("http://10.0.0.1:8428", False),
        ("http://localhost.example.com", False),
        ("http://[2001:db8::1]", False),
        ("http://vm", False),
    ],
)
def test_loopback_is_told_from_the_host_alone(url: str, is_loopback: bool) -> None:
    assert endpoint(url).is_loopback is is_loopback


@pytest.mark.parametrize(
    ("written_to", "tenant", "is_same"),
    [
        ("5", "5", True),
        ("5", "5:0", True),
        ("5:0", "5", True),
        ("5:7", "5:7", True),
        (None, None, True),
        ("5", "6", False),
        ("5:7", "5", False),
        ("5", None, False),
        (None, "5", False),
    ],
)
def test_a_tenant_without_a_project_is_that_of_project_0(
    written_to: str | None, tenant: str | None, is_same: bool
) -> None:
    assert endpoint("http://vmi:8480", tenant_id=written_to).writes_to(tenant) is is_same


def targets(**parameters_of_ours: Any) -> Targets:
    parameters = WriterConfig(datasource_url="http://vm:8428/", **parameters_of_ours)
    return Targets(parameters, Endpoint.of(parameters))


def test_what_is_imported_is_stored_by_a_receiver() -> None:
    target = targets().importing(IMPORTING)
    assert target.url == "http://vm:8428/api/v1/import"
    assert target.successes == IMPORTING.successes
    assert target.stores
    assert (target.base_parameter, target.base) == ("datasource_url", "http://vm:8428")
    assert target.parameters == "datasource_url, tenant_id and import_json_path"


def test_the_path_of_another_protocol_is_another_parameter() -> None:
    target = targets(protocol="remote_write").importing(PROMETHEUS)
    assert target.parameters == "datasource_url, tenant_id and remote_write_path"


@pytest.mark.parametrize("success", [200, 204])
def test_what_is_read_stores_nothing_and_has_one_success(success: int) -> None:
    target = targets().reading("http://vm:8428/api/v1/export", success=success)
    assert target.successes == {success}
    assert not target.stores
    assert target.base_parameter == "datasource_url"


def test_another_server_may_be_read_from() -> None:
    target = targets(query_url="http://vmselect:8481/").reading("http://vmselect:8481/metrics")
    assert (target.base_parameter, target.base) == ("query_url", "http://vmselect:8481")
    assert target.parameters == "query_url and tenant_id"
    assert targets(query_url="http://vmselect:8481/").health.base == "http://vm:8428"
