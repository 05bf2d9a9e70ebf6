"""What is asked of servers about themselves, and what is made of it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.http_servers import base
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.server.server import Server, ServerPair
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

FLAG = 'flag{{name="{}", value="{}", is_set="true"}} 1\n'
SINGLE = FLAG.format("storageDataPath", "data") + FLAG.format("retentionPeriod", "1d")
AGENT = FLAG.format("remoteWrite.url", "secret")
REQUESTS = 'vm_http_requests_total{{path="/api/v1/import", protocol="vmimport"}} {}\n'


def server(url: str, *, clock: Callable[[], float] = time.monotonic, **parameters: Any) -> Server:
    config = WriterConfig(datasource_url=url, **parameters)
    endpoint = Endpoint.of(config)
    return Server(HttpClient(config, endpoint), endpoint, config, clock=clock)


def serve(httpserver: HTTPServer, path: str, text: str, status: int = 200) -> None:
    httpserver.expect_request(path).respond_with_data(text, status)


def test_a_server_is_asked_once_a_minute(httpserver: HTTPServer) -> None:
    serve(httpserver, "/metrics", SINGLE)
    serve(httpserver, "/health", "OK")
    now = 100.0
    asked = server(base(httpserver), clock=lambda: now)
    known = asked.info()
    assert known is asked.info()
    assert known.write is known.read
    assert (known.write.kind, known.write.flags["retentionPeriod"]) == ("single", "1d")
    paths = ["/metrics", "/health", "/vmui/"]
    assert [request.path for request, _ in httpserver.log] == paths
    now += 61
    asked.info()
    assert [request.path for request, _ in httpserver.log] == [*paths, "/metrics", "/health"]


def test_threads_that_ask_at_once_all_hear_what_the_server_reports() -> None:
    with HTTPServer(threaded=True) as httpserver:
        one_asks, both_ask = threading.Event(), threading.Barrier(2)

        def answer_late(_: Request) -> Response:
            one_asks.set()
            both_ask.wait(5)
            return Response("<html>")

        serve(httpserver, "/metrics", SINGLE)
        serve(httpserver, "/health", "OK")
        httpserver.expect_request("/vmui/").respond_with_handler(answer_late)
        asked = server(base(httpserver))
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(asked.info)
            assert one_asks.wait(5)
            second = threads.submit(asked.info)
            assert second.result().write.kind == first.result().write.kind == "single"


@pytest.mark.parametrize("failure", ["slow", "refused"])
def test_what_a_server_reported_holds_when_it_is_slow_or_refuses_once(
    httpserver: HTTPServer, failure: str
) -> None:
    fails = False

    def tell(_: Request) -> Response:
        if fails and failure == "slow":
            time.sleep(1.5)
        return Response(SINGLE, status=503 if fails and failure == "refused" else 200)

    httpserver.expect_request("/metrics").respond_with_handler(tell)
    serve(httpserver, "/flags", "no", 401)
    serve(httpserver, "/health", "OK")
    now = 100.0
    asked = server(base(httpserver), clock=lambda: now, timeout="1s")
    before = asked.info()
    assert before.write.flags["retentionPeriod"] == "1d"
    now, fails = 200.0, True
    assert asked.info().write == asked.info().read == before.write
    now, fails = 300.0, False
    assert asked.info().write == before.write


def test_what_one_server_reports_is_known_though_the_other_is_not_there(
    httpserver: HTTPServer,
) -> None:
    serve(httpserver, "/single/metrics", SINGLE)
    parameters: dict[str, Any] = {"query_url": f"{base(httpserver)}/single"}
    known = server("http://127.0.0.1:1", **parameters).info()
    assert (known.write.kind, known.read.kind) == ("unknown", "single")


def test_where_metrics_are_refused_flags_are_asked_for(httpserver: HTTPServer) -> None:
    serve(httpserver, "/metrics", "no", 401)
    serve(httpserver, "/flags", '-storageDataPath="data"\n-retentionPeriod="5d"\n')
    serve(httpserver, "/health", "OK")
    assert server(base(httpserver)).info().write.flags["retentionPeriod"] == "5d"


def test_a_server_that_tells_nothing_is_unknown(httpserver: HTTPServer) -> None:
    for path in ("/metrics", "/flags", "/health"):
        serve(httpserver, path, "unsupported path", 400)
    asked = server(base(httpserver))
    known = asked.info()
    assert not known.write.is_known
    assert known.clock_ahead_s is None
    asked.info()
    assert len(httpserver.log) == 4  # it is not asked again at once


def test_a_server_that_is_not_there_is_unknown_for_now() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        asked = server(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert asked.info() == ServerPair()
        assert asked.count() is None
        assert asked.describe_queue() == ""


def test_the_servers_of_writes_and_of_reads_are_both_asked(httpserver: HTTPServer) -> None:
    serve(httpserver, "/agent/metrics", AGENT)
    serve(httpserver, "/agent/health", "OK")
    serve(httpserver, "/single/metrics", SINGLE)
    url = base(httpserver)
    known = server(f"{url}/agent", query_url=f"{url}/single").info()
    assert (known.write.kind, known.read.kind) == ("vmagent", "single")


def test_counters_of_all_servers_are_added(httpserver: HTTPServer) -> None:
    dropped = 'vm_rows_invalid_total{type="vmimport"} 2\n'
    serve(httpserver, "/agent/metrics", AGENT + REQUESTS.format(5) + dropped)
    serve(httpserver, "/single/metrics", SINGLE + REQUESTS.format(7) + dropped)
    url = base(httpserver)
    counts = server(f"{url}/agent", query_url=f"{url}/single").count()
    assert counts is not None
    assert counts.dropped == {'vm_rows_invalid_total{type="vmimport"}': 4}
    assert counts.n_requests == 5


def test_only_an_agent_has_a_queue(httpserver: HTTPServer) -> None:
    pending = 'vmagent_remotewrite_pending_data_bytes{url="1"} 77\n'
    serve(httpserver, "/agent/metrics", AGENT + pending)
    serve(httpserver, "/single/metrics", SINGLE + pending)
    for path in ("/agent/health", "/single/health"):
        serve(httpserver, path, "OK")
    url = base(httpserver)
    assert server(f"{url}/agent").describe_queue() == "77 bytes"
    assert server(f"{url}/single").describe_queue() == ""


def test_the_cache_is_reset_with_its_key_where_reads_go_to(httpserver: HTTPServer) -> None:
    serve(httpserver, "/read/internal/force_flush", "no", 400)
    serve(httpserver, "/read/internal/resetRollupResultCache", "")
    url = base(httpserver)
    parameters: dict[str, Any] = {
        "query_url": f"{url}/read",
        "tenant_id": "5",
        "reset_cache_auth_key": "k&y=1",
    }
    asked_before: list[str] = []
    assert server(f"{url}/write", **parameters).reset_cache(
        lambda: asked_before.extend(request.path for request, _ in httpserver.log)
    )
    # Only when samples can be read: graphs that are computed before are cached without them.
    assert asked_before == ["/read/internal/force_flush"]
    request, _ = httpserver.log[-1]
    assert request.path == "/read/internal/resetRollupResultCache"
    assert parse_qs(request.query_string.decode()) == {"authKey": ["k&y=1"], "propagate": ["1"]}


def never() -> None:
    raise AssertionError


@pytest.mark.parametrize("kind", ["single", "vmagent"])
def test_a_reset_waits_where_what_was_taken_is_handed_on_first(
    httpserver: HTTPServer, kind: str
) -> None:
    serve(httpserver, "/write/metrics", AGENT if kind == "vmagent" else SINGLE)
    for path in ("/write/health", "/read/metrics", "/read/internal/force_flush"):
        serve(httpserver, path, "")
    serve(httpserver, "/read/internal/resetRollupResultCache", "")
    waits = []
    settle = (lambda: waits.append(True)) if kind == "vmagent" else never
    url = base(httpserver)
    assert server(f"{url}/write", query_url=f"{url}/read").reset_cache(settle)
    assert len(waits) == (kind == "vmagent")


def test_a_refused_reset_is_told_without_the_key(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    serve(httpserver, "/internal/force_flush", "")
    serve(httpserver, "/internal/resetRollupResultCache", "authKey=hush is not it", 401)
    with caplog.at_level(logging.WARNING):
        assert not server(base(httpserver), reset_cache_auth_key="hush").reset_cache(never)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"reset_cache: {base(httpserver)}/internal/resetRollupResultCache: answered 401; set "
        "reset_cache_auth_key to the server's -search.resetCacheAuthKey"
    )


def test_a_reset_that_a_proxy_does_not_route_is_told_as_that(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    serve(httpserver, "/internal/force_flush", "")
    serve(httpserver, "/internal/resetRollupResultCache", "missing route for", 400)
    with caplog.at_level(logging.WARNING):
        assert not server(base(httpserver)).reset_cache(never)
    message = caplog.messages[-1]
    assert message.endswith(
        "answered 400; let the proxy in between route this path, or set query_url to the server "
        "that is read from"
    )


STORAGE = FLAG.format("vminsertAddr", ":8400") + FLAG.format("retentionPeriod", "7d")


def test_storages_that_are_named_are_asked_too(httpserver: HTTPServer) -> None:
    dropped = 'vm_rows_ignored_total{reason="small_timestamp"} 3\n'
    insert = FLAG.format("storageNode", "a") + FLAG.format("maxLabelsPerTimeseries", "40")
    serve(httpserver, "/vminsert/metrics", insert + REQUESTS.format(5))
    serve(httpserver, "/vminsert/health", "OK")
    deduplicating = FLAG.format("dedup.minScrapeInterval", "1m") + FLAG.format("precisionBits", "8")
    serve(httpserver, "/vmstorage-1/metrics", STORAGE + dropped)
    serve(httpserver, "/vmstorage-2/metrics", STORAGE + deduplicating + dropped)
    url = base(httpserver)
    urls = [f"{url}/vmstorage-1/", f"{url}/vmstorage-2", "http://127.0.0.1:1"]
    asked = server(f"{url}/vminsert", storage_urls=urls[:2])
    known = asked.info()
    assert [each.kind for each in known.storages] == ["vmstorage"] * 2
    assert known.altering == {"precisionBits": "8"}
    deduplication = known.deduplication()
    assert deduplication is not None
    assert [interval_ms for _, interval_ms in deduplication.rules] == [60_000]
    counts = asked.count()
    assert counts is not None
    assert counts.dropped == {'vm_rows_ignored_total{reason="small_timestamp"}': 6}
    known = server(f"{url}/vminsert", storage_urls=urls).info()
    assert [each.is_known for each in known.storages] == [True, True, False]


def test_what_a_storage_reported_holds_while_it_is_gone(httpserver: HTTPServer) -> None:
    answers = [STORAGE, ""]
    httpserver.expect_request("/vmstorage/metrics").respond_with_handler(
        lambda _: Response(answers.pop(0))
    )
    serve(httpserver, "/metrics", SINGLE)
    serve(httpserver, "/health", "OK")
    url = base(httpserver)
    asked = server(url, storage_urls=[f"{url}/vmstorage"])
    before = asked.ask().storages
    assert before[0].flags["retentionPeriod"] == "7d"
    assert asked.ask().storages == before


NODE = 'vm_rpc_vmstorage_is_read_only{{name="vminsert", addr="{}"}} {}\n'


@pytest.mark.parametrize(
    ("metrics", "refusal"),
    [
        (NODE.format("a", 1) + NODE.format("b", 1), "2 of 2 vmstorage nodes are unreachable or re"),
        (NODE.format("a", 1) + NODE.format("b", 0), ""),
        ('vm_storage_is_read_only{path="x"} 1\n', "the storage is read-only: see its -storage.min"),
        ('vm_storage_is_read_only{path="x"} 0\n', ""),
    ],
)
def test_a_server_that_stores_nothing_now_is_told(
    httpserver: HTTPServer, metrics: str, refusal: str
) -> None:
    serve(httpserver, "/metrics", metrics)
    told = server(base(httpserver)).describe_refusal()
    assert told.startswith(refusal)
    assert bool(told) == bool(refusal)
    assert server("http://127.0.0.1:1").describe_refusal() == ""
