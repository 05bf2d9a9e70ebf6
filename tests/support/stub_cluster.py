"""A vminsert, a vmselect and a vmstorage that answer as real ones do, and store nothing."""

from __future__ import annotations

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
        insert = {"storageNode": "a", "maxLabelsPerTimeseries": "40", **(insert_flags or {})}
        select = {"storageNode": "a"}
        storage = {"vminsertAddr": ":8400", "retentionPeriod": "7d", **(storage_flags or {})}
        self._insert_flags, self._n_counted = _metrics_of(insert), 0
        httpserver.expect_request(f"/vminsert{IMPORT_PATH}").respond_with_handler(self._take)
        httpserver.expect_request("/vminsert/metrics").respond_with_handler(self._tell)
        for path, text in (
            ("/vminsert/health", "OK"),
            ("/vmselect/metrics", _metrics_of(select)),
            ("/vmselect/select/0/prometheus/api/v1/export", ""),
            ("/vmstorage/metrics", _metrics_of(storage)),
            ("/vmstorage/internal/force_flush", ""),
        ):
            httpserver.expect_request(path).respond_with_data(text)
        refused = "unsupported path requested: /internal/force_flush"
        httpserver.expect_request("/vmselect/internal/force_flush").respond_with_data(refused, 400)

    def config(self, *, with_storages: bool = False, **parameters: Any) -> WriterConfig:
        """Return the configuration of tenant 0."""
        return WriterConfig(
            datasource_url=f"{self.url}/vminsert",
            query_url=f"{self.url}/vmselect",
            storage_urls=[f"{self.url}/vmstorage"] if with_storages else [],
            tenant_id="0",
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

    def _tell(self, _: Request) -> Response:
        path = "/insert/{}/prometheus/api/v1/import"
        counted = f'vm_http_requests_total{{path="{path}", protocol="vmimport"}} {self._n_counted}'
        return Response(f"{self._insert_flags}{counted}\n{self.counters}")


def _metrics_of(flags: dict[str, str]) -> str:
    return "".join(FLAG.format(name, value) for name, value in flags.items())
