from __future__ import annotations

from pytest_httpserver import HTTPServer

from tests.support.command_line import run
from tests.support.http_servers import base
from tests.support.stub_cluster import FLAG, StubCluster
from vm_df_writer import VmWriter


def test_a_cluster_tells_what_its_storages_keep(httpserver: HTTPServer) -> None:
    cluster = StubCluster(httpserver, storage_flags={"dedup.minScrapeInterval": "1m"})
    with VmWriter(config=cluster.config()) as writer:
        unnamed = writer.check()
    assert (unnamed.storages, unnamed.retention_s, unnamed.deduplication) == ((), None, None)
    with VmWriter(config=cluster.config(with_storages=True)) as writer:
        named = writer.check()
    assert named.retention_s == 7 * 86_400
    lines = str(named).splitlines()
    assert "server         cluster (vminsert); reads go to: cluster (vmselect)" in lines
    assert "storages       cluster (vmstorage)" in lines
    assert "retention      7 days" in lines
    assert "deduplication  one sample per 1m" in lines


def test_a_configured_retention_is_told(httpserver: HTTPServer) -> None:
    with VmWriter(config=StubCluster(httpserver).config(retention="30d")) as writer:
        assert writer.check().retention_s == 30 * 86_400


def test_how_old_a_backfill_may_be_is_told(httpserver: HTTPServer) -> None:
    cluster = StubCluster(httpserver, storage_flags={"maxBackfillAge": "5h"})
    with VmWriter(config=cluster.config(with_storages=True)) as writer:
        lines = str(writer.check()).splitlines()
    assert "backfills      up to 5 hours back (-maxBackfillAge)" in lines


def test_a_server_that_stores_nothing_now_is_not_called_ready(httpserver: HTTPServer) -> None:
    metrics = FLAG.format("storageDataPath", "data") + 'vm_storage_is_read_only{path="data"} 1\n'
    for path, text in (("metrics", metrics), ("health", "OK"), ("api/v1/export", "")):
        httpserver.expect_request(f"/{path}").respond_with_data(text)
    httpserver.expect_request("/api/v1/import").respond_with_data("", 204)
    result = run("check", "--url", base(httpserver))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{base(httpserver)}/api/v1/import answers, and stores nothing now")
    assert (
        "writing        the storage is read-only: see its -storage.minFreeDiskSpaceBytes" in lines
    )
