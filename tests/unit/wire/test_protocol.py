from __future__ import annotations

import pickle
import sys

import numpy as np
import orjson
import pytest

from tests.support.blocks import T
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import WIRES, Wire

BLOCK = SeriesBlock(
    [b'{"__name__":"y","host":"a"}', b'{"__name__":"yhat"}'],
    np.array([0, 12_345]),
    np.arange(T, T + 12_345),
    np.random.default_rng(0).standard_normal((2, 12_345)),
)

each_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)


def test_each_wire_is_found_by_its_name() -> None:
    assert {name: wire.name for name, wire in WIRES.items()} == {
        "import": "import",
        "remote_write": "remote_write",
    }


@each_wire
def test_a_wire_survives_pickling(wire: Wire) -> None:
    assert pickle.loads(pickle.dumps(wire)) == wire  # noqa: S301


@each_wire
@pytest.mark.parametrize("max_chunk_bytes", [1, 1_000, 2**20])
def test_counts_that_are_read_back_are_those_of_the_body(wire: Wire, max_chunk_bytes: int) -> None:
    (body,) = pack_bodies(
        [BLOCK], max_bytes=2**30, max_series=9, wire=wire, max_chunk_bytes=max_chunk_bytes
    )
    read = wire.read_counts(body.data)
    assert list(map(orjson.loads, read.label_sets)) == list(
        map(orjson.loads, body.counts.label_sets)
    )
    for name in ("samples", "first_ms", "last_ms"):
        assert getattr(read, name).tolist() == getattr(body.counts, name).tolist()


@each_wire
def test_a_body_has_whole_chunks_within_the_limit_of_its_wire(wire: Wire) -> None:
    limit = wire.default_body_bytes
    assert limit <= wire.max_chunk_bytes
    bodies = list(pack_bodies([BLOCK] * 20, max_bytes=limit, max_series=10**6, wire=wire))
    assert len(bodies) > 1
    assert max(len(body.data) for body in bodies) <= limit
    assert sum(int(wire.read_counts(body.data).samples.sum()) for body in bodies) == 20 * 24_690


@each_wire
def test_the_first_entry_of_a_body_can_be_read(wire: Wire) -> None:
    block = SeriesBlock(
        [b'{"__name__":"y"}', b'{"__name__":"z"}'], np.array([0, 1]), np.array([T]), np.eye(2, 1)
    )
    (body,) = pack_bodies([block], max_bytes=2**20, max_series=9, wire=wire)
    assert wire.first_entry(body.data) == (
        '{"metric":{"__name__":"y"},"values":[1.0],"timestamps":[1767225600000]}'
    )


@pytest.mark.parametrize(
    "encoding", sorted({encoding for wire in WIRES.values() for encoding in wire.encodings})
)
def test_every_encoding_of_a_wire_can_be_made(encoding: str) -> None:
    if encoding == "snappy":
        pytest.importorskip("cramjam")
    if encoding == "zstd" and sys.version_info < (3, 14):
        pytest.importorskip("backports.zstd")
    assert compress(b"body" * 100, encoding)


def test_headers_of_import_lines_tell_the_encoding_alone() -> None:
    headers = WIRES["import"].headers
    assert headers("none") == {}
    assert headers("gzip") == {"Content-Encoding": "gzip"}


def test_headers_of_remote_write_are_those_of_its_specification() -> None:
    headers = WIRES["remote_write"].headers
    assert headers("stored") == headers("snappy")
    assert headers("snappy") == {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    assert headers("zstd")["Content-Encoding"] == "zstd"


def test_the_probe_of_remote_write_is_a_block_of_nothing() -> None:
    assert WIRES["remote_write"].probe == b"\x00"
    assert WIRES["import"].probe == b""
