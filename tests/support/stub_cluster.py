"""A vminsert, a vmselect and a vmstorage that answer as real ones do, and store nothing."""

from __future__ import annotations

import re
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.http_servers import base
from vm_df_writer.config.writer_config import WriterConfig

FLAG = 'flag{{name="{}", value="{}", is_set="true"}} 1\n'
IMPORT_PATH = "/insert/0/prometheus/api/v1/import"


class StubCluster:
    """Where the parts of a cluster answer, each below a path of its own.

    Parameters
    ----------
    httpserver : HTTPServer
        Answers.
    storage_flags : dict of str to str
        What vmstorage is started with.
    insert_flags : dict of str to str
        What vminsert is started with.

    Attributes
    ----------
    exported : dict of str to bytes
        What vmselect answers to an export, by tenant.
    read_from : list of str
        The tenants that were exported.
    """

    def __init__(
        self,
        httpserver: HTTPServer,
        *,
        storage_flags: dict[str, str] | None = None,
        insert_flags: dict[str, str] | None = None,
    ) -> None:
        self.url = base(httpserver)
        self.taken: list[bytes] = []
        self.counted: list[tuple[int, str]] = []
        self.counters = ""
        self.exported: dict[str, bytes] = {}
        self.read_from: list[str] = []
        insert = {"storageNode": "a", "maxLabelsPerTimeseries": "40", **(insert_flags or {})}
        select = {"storageNode": "a"}
        storage = {"vminsertAddr": ":8400", "retentionPeriod": "7d", **(storage_flags or {})}
        self._insert_flags, self._n_counted = _metrics_of(insert), 0
        httpserver.expect_request(f"/vminsert{IMPORT_PATH}").respond_with_handler(self._take)
        httpserver.expect_request("/vminsert/metrics").respond_with_handler(self._tell)
        for path, text in (
            ("/vminsert/health", "OK"),
            ("/vmselect/metrics", _metrics_of(select)),
            ("/vmstorage/metrics", _metrics_of(storage)),
            ("/vmstorage/internal/force_flush", ""),
        ):
            httpserver.expect_request(path).respond_with_data(text)
        exports = re.compile("^/vmselect/select/[^/]+/prometheus/api/v1/export$")
        httpserver.expect_request(exports).respond_with_handler(self._export)
        refused = "unsupported path requested: /internal/force_flush"
        httpserver.expect_request("/vmselect/internal/force_flush").respond_with_data(refused, 400)

    def config(
        self, *, with_storages: bool = False, tenant_id: str = "0", **parameters: Any
    ) -> WriterConfig:
        """Return the configuration of a tenant."""
        return WriterConfig(
            datasource_url=f"{self.url}/vminsert",
            query_url=f"{self.url}/vmselect",
            storage_urls=[f"{self.url}/vmstorage"] if with_storages else [],
            tenant_id=tenant_id,
            metric_format={"__name__": "$VAR"},
            compression="none",
            **parameters,
        )

    def renew_counters(self) -> None:
        """Have /metrics tell of all requests so far, as it does once a second."""
        self._n_counted = len(self.taken)

    def _take(self, request: Request) -> Response:
        self.taken.append(request.get_data())
        return Response(status=204)

    def _export(self, request: Request) -> Response:
        tenant = request.path.split("/")[3]
        self.read_from.append(tenant)
        return Response(self.exported.get(tenant, b""))

    def _tell(self, _: Request) -> Response:
        path = "/insert/{}/prometheus/api/v1/import"
        counted = f'vm_http_requests_total{{path="{path}", protocol="vmimport"}} {self._n_counted}'
        return Response(f"{self._insert_flags}{counted}\n{self.counters}")


def _metrics_of(flags: dict[str, str]) -> str:
    return "".join(FLAG.format(name, value) for name, value in flags.items())
