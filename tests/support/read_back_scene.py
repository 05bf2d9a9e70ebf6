"""A server that answers as told, for the tests of reading back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.verify_blocks import verify_blocks


class Scene:
    """A server that answers as told, and a clock that only sleeping moves."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.now = 100.0
        self.events: list[str] = []
        self.flush_status = 200
        self.answers: list[Response | bytes] = []
        self.last = b""
        self.asked: list[dict[str, list[str]]] = []
        self.counts: list[Response | bytes] = []
        self.counted: list[dict[str, list[str]]] = []
        self.refuses: Callable[[dict[str, list[str]]], bool] = lambda _: False
        httpserver.expect_request("/internal/force_flush").respond_with_handler(self._flush)
        httpserver.expect_request("/api/v1/export").respond_with_handler(self._export)
        httpserver.expect_request("/api/v1/query").respond_with_handler(self._query)
        self.policy = ReadBackPolicy(sleep=self._sleep, clock=lambda: self.now)
        self.connect(httpserver.url_for("/"))

    def connect(self, url: str) -> None:
        config = WriterConfig(datasource_url=url)
        self.endpoint = Endpoint.of(config)
        self.client = HttpClient(config, self.endpoint)

    def _flush(self, _: Request) -> Response:
        self.events.append("flush")
        return Response(status=self.flush_status)

    def _export(self, request: Request) -> Response:
        self.events.append("look")
        self.asked.append(parse_qs(request.get_data(as_text=True)))
        if self.refuses(self.asked[-1]):
            return Response("more than this server is willing to read", status=422)
        answer = self.answers.pop(0) if self.answers else self.last
        return answer if isinstance(answer, Response) else Response(answer)

    def _query(self, request: Request) -> Response:
        self.events.append("count")
        self.counted.append(parse_qs(request.get_data(as_text=True)))
        answer = self.counts.pop(0)
        return answer if isinstance(answer, Response) else Response(answer)

    def _sleep(self, seconds: float) -> None:
        self.events.append(f"{seconds:g}")
        self.now += seconds

    def reader(self, **how: Any) -> BlockReader:
        """Return a reader of what was acknowledged this moment, unless told another one."""
        how = {"acknowledged_at": self.now, **how}
        return BlockReader(self.client, self.endpoint, self.policy, **how)

    def verify(
        self, *blocks: SeriesBlock, accept_conflicting: bool = False, **how: Any
    ) -> VerificationResult:
        try:
            return verify_blocks(
                iter(blocks), self.reader(**how), accept_conflicting=accept_conflicting
            )
        finally:
            self.client.close()
