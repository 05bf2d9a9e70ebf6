"""Receipts beside a server that answers as told."""

from __future__ import annotations

from functools import reduce
from operator import add
from urllib.parse import parse_qs

import numpy as np
import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.blocks import T, block_of, block_of_rows
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import WindowDigest
from vm_df_writer.operations.receipts.receipt_check import SeriesCheck, check_receipt
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export.series_reader import SeriesReader
from vm_df_writer.verification.read_back_policy import ReadBackPolicy


def reader_of(httpserver: HTTPServer) -> SeriesReader:
    config = WriterConfig(datasource_url=httpserver.url_for(""))
    endpoint = Endpoint.of(config)
    policy = ReadBackPolicy(sleep=lambda _: None, patience_s=0.0)
    return SeriesReader(HttpClient(config, endpoint), endpoint, policy)


class Storage:
    """A server that holds the samples of some blocks, and reads so many series at a time."""

    def __init__(self, httpserver: HTTPServer, *blocks: SeriesBlock) -> None:
        self.samples: list[tuple[bytes, int, float]] = [
            (label_set, int(t), float(v))
            for block in blocks
            for label_set, times, values in block
            for t, v in zip(times, values, strict=True)
        ]
        self.most_series, self.most_ms = 10**9, 10**15
        self.asked: list[dict[str, list[str]]] = []
        httpserver.expect_request("/api/v1/export").respond_with_handler(self._export)
        self._reader = reader_of(httpserver)

    def check(self, *blocks: SeriesBlock) -> tuple[Verification, list[SeriesCheck]]:
        receipt = Receipt.of(map(WindowDigest.of_block, blocks))
        results = list(check_receipt(receipt, self._reader))
        total = reduce(add, (found for found, _ in results), Verification())
        return total, [check for _, check in results if check is not None]

    def _export(self, request: Request) -> Response:
        form = parse_qs(request.get_data(as_text=True))
        self.asked.append(form)
        first_ms, last_ms = (round(float(form[name][0]) * 1000) for name in ("start", "end"))
        if len(form["match[]"]) > self.most_series or last_ms - first_ms > self.most_ms:
            return Response("more than this server is willing to read", status=422)
        lines = []
        for label_set in dict.fromkeys(label_set for label_set, _, _ in self.samples):
            found = [
                (t, v)
                for labels, t, v in self.samples
                if labels == label_set and first_ms <= t <= last_ms
            ]
            if found:
                times, values = zip(*found, strict=True)
                metric = orjson.Fragment(label_set)
                lines.append(
                    orjson.dumps({"metric": metric, "values": values, "timestamps": times})
                )
        return Response(b"\n".join(lines))


MINUTES = T + 60_000 * np.arange(300)
BLOCK = block_of_rows(np.random.default_rng(0).normal(size=(6, 300)), MINUTES)
ALL_FOUND = Verification(expected=1_800, found=1_800)


def test_all_that_is_there_is_found(httpserver: HTTPServer) -> None:
    assert Storage(httpserver, BLOCK).check(BLOCK) == (ALL_FOUND, [])


def test_a_server_that_reads_less_at_a_time_is_asked_for_less(httpserver: HTTPServer) -> None:
    storage = Storage(httpserver, BLOCK)
    storage.most_series, storage.most_ms = 1, 140 * 60_000
    assert storage.check(BLOCK) == (ALL_FOUND, [])
    assert len(storage.asked) > 18


def test_what_cannot_be_read_in_smaller_pieces_is_an_error(httpserver: HTTPServer) -> None:
    storage = Storage(httpserver, BLOCK)
    storage.most_series = 0
    with pytest.raises(ServerRejected, match="answered 422"):
        storage.check(BLOCK)


def test_samples_at_other_times_are_a_difference(httpserver: HTTPServer) -> None:
    block = block_of(({"__name__": "y"}, [0, 60_000, 120_000], [1, 2, 3]))
    storage = Storage(httpserver, block)
    storage.samples.append((block.label_sets[0], T + 90_000, 2.0))
    found, [check] = storage.check(block)
    assert found == Verification(expected=3, mismatched=3)
    assert (check.first_ms, check.last_ms) == (T, T + 120_000)


def test_samples_in_windows_without_any_of_ours_are_foreign(httpserver: HTTPServer) -> None:
    dense = block_of_rows(np.ones((1, 500)), T + 1_000 * np.arange(500))
    late = block_of_rows(np.ones((1, 500)), T + 86_400_000 + 1_000 * np.arange(500))
    storage = Storage(httpserver, dense, late)
    storage.samples.append((dense.label_sets[0], T + 43_200_000, 5.0))
    found, checks = storage.check(dense, late)
    assert found == Verification(expected=1_000, found=1_000, foreign=1)
    assert checks == []


def test_a_series_is_one_in_whatever_order_its_labels_were_written(httpserver: HTTPServer) -> None:
    morning = block_of(({"__name__": "y", "host": "a", "region": "x"}, [0, 60_000], [1, 2]))
    evening = block_of(({"__name__": "y", "region": "x", "host": "a"}, [7_200_000], [3]))
    storage = Storage(httpserver, morning)
    storage.samples.append((morning.label_sets[0], T + 7_200_000, 3.0))
    found, checks = storage.check(morning, evening)
    assert (found, checks) == (Verification(expected=3, found=3), [])


def test_a_line_of_another_kind_is_an_error(httpserver: HTTPServer) -> None:
    block = block_of(({"__name__": "y"}, [0], [1]))
    httpserver.expect_request("/api/v1/export").respond_with_data("it broke")
    receipt = Receipt.of([WindowDigest.of_block(block)])
    with pytest.raises(ServerRejected, match="expected lines of samples, got 'it broke'"):
        list(check_receipt(receipt, reader_of(httpserver)))


def test_a_receipt_of_nothing_asks_nothing(httpserver: HTTPServer) -> None:
    storage = Storage(httpserver)
    assert storage.check() == (Verification(), [])
    assert storage.asked == []
