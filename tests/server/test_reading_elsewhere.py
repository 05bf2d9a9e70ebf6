"""Reads that go elsewhere than writes: a cluster's paths, vmauth in front, limits on the way.

There is no cluster on the tests' machines. What stands in for it answers on its paths alone, and
asks a single node.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.writers import IMPATIENT, writer_with
from vm_df_writer import DeliveryError, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.verify import VerifyChoice
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

StartServer = Callable[..., LocalVictoriaMetrics]

NOW = pd.Timestamp.now("UTC").floor("s")
FRAME = pd.DataFrame(
    np.arange(4000.0).reshape(1000, 4),
    index=pd.date_range(NOW - timedelta(days=1), periods=1000, freq="1min"),
    columns=list("abcd"),
)
ALL_FOUND = Verification(expected=4000, found=4000)


class Cluster:
    """A vminsert or vmselect for one tenant, as far as its paths go."""

    def __init__(self, single_url: str, prefix: str) -> None:
        self.asked: list[str] = []
        self.partial_answers = 0
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                cluster.asked.append(path)
                status, content = 400, b"unsupported path requested"
                if path.startswith(prefix):
                    status, content = self._forward(path.removeprefix(prefix), body)
                elif path == "/health" or path.startswith("/internal/"):
                    status, content = self._forward(path, body)
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _forward(self, path: str, body: bytes) -> tuple[int, bytes]:
                if cluster.partial_answers and path.startswith("/api"):
                    cluster.partial_answers -= 1
                    if path == "/api/v1/export":  # of which a cluster gives no part
                        return 503, b"a vmstorage is unavailable"
                    partial = b'{"status":"success","isPartial":true,"data":{"result":[]}}'
                    return 200, partial
                headers = {"Content-Type": self.headers.get("Content-Type") or ""}
                url = f"{single_url}{path}"
                answer = requests.request(self.command, url, data=body, headers=headers, timeout=9)
                return answer.status_code, answer.content

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()
        self._server.server_close()


@pytest.fixture
def cluster(victoria_metrics: LocalVictoriaMetrics) -> Iterator[tuple[Cluster, Cluster]]:
    """Start a vminsert and a vmselect of tenant 5:7."""
    with ExitStack() as stack:
        vminsert, vmselect = (
            stack.enter_context(Cluster(victoria_metrics.url, f"/{side}/5:7/prometheus").running())
            for side in ("insert", "select")
        )
        yield vminsert, vmselect


def writer(vminsert: Cluster, vmselect: Cluster, read_back: ReadBackPolicy = IMPATIENT) -> VmWriter:
    return writer_with(
        vminsert.url,
        read_back=read_back,
        query_url=vmselect.url,
        tenant_id="5:7",
        metric_format={"__name__": "$VAR", "run": uuid4().hex},
        timeout="1s",
    )


@pytest.mark.parametrize("verify", [True, "count", "repair"])
def test_a_cluster_is_written_and_read_on_its_own_paths(
    cluster: tuple[Cluster, Cluster], verify: VerifyChoice
) -> None:
    with writer(*cluster) as writing:
        assert writing.write(FRAME, verify=verify).verification == ALL_FOUND
        assert writing.check().reading == "permitted"
    vminsert, vmselect = cluster
    assert "/insert/5:7/prometheus/api/v1/import" in vminsert.asked
    assert not any("export" in path or "query" in path for path in vminsert.asked)
    path = "/api/v1/query" if verify == "count" else "/api/v1/export"
    assert f"/select/5:7/prometheus{path}" in vmselect.asked
    assert "/internal/force_flush" in vmselect.asked


@pytest.mark.parametrize("verify", [True, "count"])
def test_a_part_of_a_cluster_is_not_taken_for_all_of_it(
    cluster: tuple[Cluster, Cluster], verify: VerifyChoice
) -> None:
    with writer(*cluster, ReadBackPolicy(patience_s=4.0)) as writing:
        cluster[1].partial_answers = 2
        assert writing.write(FRAME, verify=verify).verification == ALL_FOUND
        cluster[1].partial_answers = 10**6
        with pytest.raises(DeliveryError, match="a vmstorage is unavailable") as e:
            writing.write(FRAME, verify=verify)
        assert e.value.report is not None
        assert e.value.report.verification is None


def test_vmauth_tells_only_of_itself(
    start_victoria_metrics: StartServer, start_vmauth: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics(retention="1d")
    config = f'users: [{{username: me, password: hush, url_prefix: "{server.url}"}}]'
    auth = start_vmauth(config)
    url = auth.url.replace("//", "//me:hush@")
    with writer_with(url, metric_format={"__name__": "$VAR"}) as writing:
        check = writing.check()
        assert (check.kind, check.retention_s, check.reading) == ("vmauth", None, "permitted")
        assert check.cache_reset == "unknown; reads go to: vmauth"
        assert writing.write(FRAME.iloc[-9:], verify=True).verification == Verification(
            expected=36, found=36
        )


LIMITS = [
    "-search.maxExportSeries=3",
    "-search.maxSamplesPerQuery=1500",
    "-search.maxSamplesPerSeries=300",
    "-search.maxUniqueTimeseries=2",
    "-search.maxQueryLen=80",
]


@pytest.mark.parametrize("verify", [True, "count"])
@pytest.mark.parametrize("limit", LIMITS)
def test_no_limit_of_the_server_keeps_a_frame_from_being_read(
    start_victoria_metrics: StartServer, limit: str, verify: VerifyChoice
) -> None:
    server = start_victoria_metrics(limit)
    with writer_with(server.url, metric_format={"__name__": "$VAR"}) as writing:
        assert writing.write(FRAME, verify=verify).verification == ALL_FOUND


def test_many_samples_of_others_in_our_series_do_no_harm(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-search.maxSamplesPerSeries=20000")
    times = pd.date_range(NOW - timedelta(days=1), periods=80_000, freq="1s")
    theirs = pd.DataFrame({"a": np.zeros(80_000)}, index=times + timedelta(milliseconds=1))
    ours = pd.DataFrame({"a": [1.0, 2.0]}, index=times[[0, -1]])
    with writer_with(server.url, metric_format={"__name__": "$VAR"}) as writing:
        writing.write(theirs)
        found = writing.write(ours, verify=True).verification
    assert found == Verification(expected=2, found=2, foreign=79_999)


def test_every_error_of_a_read_names_the_place(cluster: tuple[Cluster, Cluster]) -> None:
    vminsert, _ = cluster
    with writer_with(vminsert.url, tenant_id="5:7", metric_format={"__name__": "$VAR"}) as writing:
        reading = writing.check().reading
    assert re.match(r".*/select/5:7/prometheus/api/v1/export: answered 400 .*; check", reading)
