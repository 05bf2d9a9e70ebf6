"""The ways to a server: tenants, prefixes, IPv6, and what may stand in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of
from vm_df_writer import ConfigError, RetentionWarning, ServerRejected, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess

StartServer = Callable[..., ServerProcess]
Front = Callable[..., str]

FRAME = frame_of(500, 8)


@pytest.fixture
def front(victoria_metrics: LocalVictoriaMetrics) -> Iterator[Front]:
    """Start what stands before the server: ``front(host=..., prefix=...)`` returns its URL."""
    with ExitStack() as stack:
        yield (
            lambda **how: stack.enter_context(FaultProxy(victoria_metrics.url, **how).running()).url
        )


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    return "".join(c if c.isalnum() else "_" for c in request.node.name)


def written(server: LocalVictoriaMetrics, url: str, run: str, **parameters: Any) -> None:
    """Write and verify, and see that it is there."""
    metric_format = {"__name__": run, "column": "$VAR"}
    with VmWriter(url, metric_format=metric_format, **parameters) as writer:
        writer.check()
        report = writer.write(FRAME, verify=True)
    assert report.verification is not None
    assert report.verification.found == report.samples == FRAME.size
    settled(server)
    assert StoredFrame(server, run).is_all_of(FRAME)


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_slashes_at_the_end_do_not_matter(
    victoria_metrics: LocalVictoriaMetrics, run: str, slashes: str
) -> None:
    written(victoria_metrics, victoria_metrics.url + slashes, run)


@pytest.mark.parametrize("path", ["/some/prefix", "/some/prefix/"])
def test_a_prefix_stands_before_every_path(
    victoria_metrics: LocalVictoriaMetrics, front: Front, run: str, path: str
) -> None:
    url = front(prefix="/some/prefix")
    written(victoria_metrics, url + path, run, health_path=f"{url}/health")


def test_the_health_check_has_the_prefix_too(front: Front) -> None:
    writer = VmWriter(front(prefix="/some/prefix") + "/other")
    with pytest.raises(ServerRejected, match=r"/other/health: answered 400 Bad Request"):
        writer.check()


def test_ipv6(victoria_metrics: LocalVictoriaMetrics, front: Front, run: str) -> None:
    url = front(host="::1")
    assert url.startswith("http://[::1]:")
    written(victoria_metrics, url, run)


@pytest.mark.parametrize("tenant", ["5", "5:7"])
def test_a_cluster_is_written_at_insert_and_read_at_select(
    victoria_metrics: LocalVictoriaMetrics, front: Front, run: str, tenant: str
) -> None:
    vminsert = front(prefix=f"/insert/{tenant}/prometheus")
    vmselect = front(prefix=f"/select/{tenant}/prometheus")
    written(victoria_metrics, vminsert, run, query_url=vmselect, tenant_id=tenant)


def test_the_urls_may_name_the_tenant(
    victoria_metrics: LocalVictoriaMetrics, front: Front, run: str
) -> None:
    vminsert = front(prefix="/insert/5:7/prometheus")
    vmselect = front(prefix="/select/5:7/prometheus")
    written(
        victoria_metrics,
        f"{vminsert}/insert/5:7/prometheus/",
        run,
        query_url=f"{vmselect}/select/5:7/prometheus",
    )


def test_a_tenant_is_never_written_to_by_mistake(front: Front) -> None:
    vminsert = front(prefix="/insert/5:7/prometheus")
    writer = VmWriter(vminsert, tenant_id="5:8")
    with pytest.raises(
        ServerRejected, match=r"unsupported path requested.*check datasource_url, tenant_id and"
    ):
        writer.check()
    with pytest.raises(ConfigError, match="names tenant '5:7', but the tenant is '5:8' elsewhere"):
        VmWriter(f"{vminsert}/insert/5:7/prometheus", tenant_id="5:8")


def test_vmauth_in_front(
    victoria_metrics: LocalVictoriaMetrics, start_vmauth: StartServer, run: str
) -> None:
    vmauth = start_vmauth(
        "users:\n- username: me\n  password: s3cr3t\n"
        f"  url_prefix: {victoria_metrics.url}\n"
        f"- bearer_token: t0ken\n  url_prefix: {victoria_metrics.url}/\n"
    )
    written(victoria_metrics, vmauth.url, f"{run}_1", user="me", password="s3cr3t")
    written(victoria_metrics, vmauth.url.replace("//", "//me:s3cr3t@"), f"{run}_2")
    written(victoria_metrics, vmauth.url, f"{run}_3", bearer_token="t0ken")


def test_vmagent_in_between(
    victoria_metrics: LocalVictoriaMetrics, start_vmagent: StartServer, run: str
) -> None:
    vmagent = start_vmagent(victoria_metrics.url)
    written(victoria_metrics, vmagent.url, run, query_url=victoria_metrics.url)


def test_what_the_server_behind_vmagent_does_not_keep_is_left_out(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], start_vmagent: StartServer
) -> None:
    server = start_victoria_metrics(retention="2d")
    agent = start_vmagent(server.url)
    ages = pd.to_timedelta([1, 30, 47, 49, 100], unit="h")
    frame = pd.DataFrame({"y": range(5)}, index=pd.Timestamp.now("UTC").floor("s") - ages)
    with (
        VmWriter(agent.url, query_url=server.url, metric_format={"__name__": "$VAR"}) as writer,
        pytest.warns(RetentionWarning, match="-retentionPeriod of the server that is read from"),
    ):
        report = writer.write(frame, verify=True)
    assert (report.samples, report.dropped) == (3, {"too_old": 2})
    assert report.verification is not None
    assert report.verification.found == 3


def test_vmauth_in_front_of_vmagent_with_reads_elsewhere(
    victoria_metrics: LocalVictoriaMetrics,
    start_vmagent: StartServer,
    start_vmauth: StartServer,
    run: str,
) -> None:
    vmagent = start_vmagent(victoria_metrics.url)
    vmauth = start_vmauth(
        "users:\n- username: me\n  password: s3cr3t\n  url_map:\n"
        "  - src_paths: [/api/v1/import]\n"
        f"    url_prefix: {vmagent.url}\n"
        "  - src_paths: [/api/v1/.*, /internal/.*, /metrics, /flags, /health]\n"
        f"    url_prefix: {victoria_metrics.url}\n"
    )
    written(victoria_metrics, vmauth.url, run, user="me", password="s3cr3t")


class Prefixed(LocalVictoriaMetrics):
    """A server that knows its paths below a prefix alone."""

    _HEALTH_PATH = "/vm/health"


def refused_at(url: str, **parameters: Any) -> ServerRejected:
    """Write, and return why nothing is stored, and nothing in doubt."""
    with VmWriter(url, **parameters) as writer, pytest.raises(ServerRejected) as caught:
        writer.write(FRAME)
    assert caught.value.report is not None
    assert (caught.value.in_doubt, caught.value.report.in_doubt) == (False, 0)
    return caught.value


def test_a_prefix_that_is_missing_leaves_nothing_in_doubt() -> None:
    with Prefixed(flags=["-http.pathPrefix=/vm"]) as server:
        error = refused_at(server.url)
        with VmWriter(f"{server.url}/vm") as writer:
            assert writer.write(FRAME, verify=True).samples == FRAME.size
    assert 'missing -http.pathPrefix="/vm"' in str(error)
    assert "check datasource_url, tenant_id and import_json_path" in str(error)


def test_a_route_that_a_vmauth_has_not_leaves_nothing_in_doubt(
    victoria_metrics: LocalVictoriaMetrics, start_vmauth: StartServer
) -> None:
    vmauth = start_vmauth(
        "users:\n- username: me\n  password: s3cr3t\n  url_map:\n"
        "  - src_paths: [/api/v1/export, /health]\n"
        f"    url_prefix: {victoria_metrics.url}\n"
    )
    error = refused_at(vmauth.url, user="me", password="s3cr3t")
    assert "missing route for" in str(error)
