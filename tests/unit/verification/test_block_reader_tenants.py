"""What a cluster is asked for where labels choose the tenant, and what it answers (recorded)."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.blocks import T, block_of, export_line
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.model.verification import Verification
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.existing_samples import find_existing
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.series_diff import SeriesDiff
from vm_df_writer.verification.verify_blocks import missing_blocks, verify_blocks

FIRST = {"__name__": "y", "vm_account_id": "1", "vm_project_id": "7"}
SECOND = {"__name__": "y", "vm_account_id": "2"}
BLOCK = block_of((FIRST, [0, 1], [1, 2]), (SECOND, [0, 1], [3, 4]))
POLICY = ReadBackPolicy(sleep=lambda _: None, patience_s=0.0)


class VmSelect:
    """A vmselect that knows nothing yet of tenant 2 when it is asked for all tenants at once."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.asked: list[str] = []
        self.stored = {
            "multitenant": export_line({**FIRST, "__name__": "y"}, [0, 1], "1,2"),
            "1:7": export_line({"__name__": "y"}, [0, 1], "1,2"),
            "2:0": export_line({"__name__": "y"}, [0, 1], "3,4"),
        }
        self.counts = {"1:7": 2, "2:0": 2}
        httpserver.expect_request("/internal/force_flush").respond_with_data(
            "unsupported path requested", status=400
        )
        for tenant in self.stored:
            base = f"/select/{tenant}/prometheus/api/v1"
            httpserver.expect_request(f"{base}/export").respond_with_handler(self._export)
            httpserver.expect_request(f"{base}/query").respond_with_handler(self._query)
        url = httpserver.url_for("").rstrip("/")
        config = WriterConfig(datasource_url=url, tenant_id="multitenant")
        self.endpoint = Endpoint.of(config)
        self.client = HttpClient(config, self.endpoint)

    def _export(self, request: Request) -> Response:
        tenant = request.path.split("/")[2]
        self.asked.append(f"{tenant} {request.form['match[]']}")
        return Response(self.stored[tenant])

    def _query(self, request: Request) -> Response:
        tenant = request.path.split("/")[2]
        self.asked.append(f"count of {tenant}")
        value = [T / 1000, str(self.counts[tenant])]
        found = [{"metric": {"__name__": "y"}, "value": value}]
        return Response(orjson.dumps({"status": "success", "data": {"result": found}}))

    def reader(self, *, count_only: bool = False) -> BlockReader:
        return BlockReader(
            self.client, self.endpoint, POLICY, acknowledged_at=0.0, count_only=count_only
        )


@pytest.fixture
def vmselect(httpserver: HTTPServer) -> Iterator[VmSelect]:
    vmselect = VmSelect(httpserver)
    yield vmselect
    vmselect.client.close()


def test_a_tenant_that_is_new_is_found_with_what_its_labels_leave_of_the_series(
    vmselect: VmSelect,
) -> None:
    result = verify_blocks([BLOCK], vmselect.reader())
    assert result.verification == Verification(expected=4, found=4)
    assert vmselect.asked == ['1:7 {__name__="y"}', '2:0 {__name__="y"}']


def test_what_a_tenant_lacks_is_told_and_sent_again_with_the_labels_that_choose_it(
    vmselect: VmSelect,
) -> None:
    vmselect.stored["2:0"] = export_line({"__name__": "y"}, [1], "4")
    result = verify_blocks([BLOCK], vmselect.reader())
    assert result.worst == (SeriesDiff(BLOCK.label_sets[1], 2, 1, 0, T),)
    [missing] = missing_blocks([BLOCK], vmselect.reader(), result.incomplete)
    assert list(missing.label_sets) == [BLOCK.label_sets[1]]
    assert missing.values.tolist() == [[3.0]]


def test_tenants_are_counted_one_by_one_too(vmselect: VmSelect) -> None:
    times = range(200)
    block = block_of((FIRST, times, [1.0] * 200), (SECOND, times, [1.0] * 200))
    vmselect.counts = {"1:7": 200, "2:0": 200}
    result = verify_blocks([block], vmselect.reader(count_only=True))
    assert result.verification == Verification(expected=400, found=400)
    assert vmselect.asked == ["count of 1:7", "count of 2:0"]


def test_samples_that_a_tenant_has_already_are_found(vmselect: VmSelect) -> None:
    second = block_of((SECOND, [0, 1], [3, 4]))
    assert find_existing([second], vmselect.reader()) is not None
    vmselect.stored["2:0"] = b""
    assert find_existing([second], vmselect.reader()) is None
