"""Wires: the protocols in which a server takes samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.chunks import Encoder
from vm_df_writer.wire.compression import compress, decompress_gzip, decompress_snappy
from vm_df_writer.wire.import_lines import LineEncoder, first_line
from vm_df_writer.wire.line_reader import counts_of_lines
from vm_df_writer.wire.remote_write import TimeSeriesEncoder
from vm_df_writer.wire.write_request import counts_of_request, first_series

__all__ = ["IMPORT_LINES", "REMOTE_WRITE", "WIRES", "Wire"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """How blocks become the bodies of requests, and what has to be known of these.

    What the answers mean is not its affair: servers of several kinds may speak one wire.

    Attributes
    ----------
    name : str
        What ``protocol`` is set to.
    path : str
        Where VictoriaMetrics takes the bodies.
    encodings : tuple of str
        How a body may be encoded, the one that needs no package first:
        see :func:`~vm_df_writer.wire.compression.compress`.
    refuses_unknown_encodings : bool
        Whether a server that does not know the encoding of a body says so.
    headers : callable
        Gives the headers of a body in such an encoding.
    probe : bytes
        The payload of a body without samples, which a server takes if it takes any.
    counted_as : str
        What the counters of VictoriaMetrics call its requests.
    spool_suffix : str
        What the names of files with bodies end in.
    spool_encoding : str
        How these are encoded, which is one that every server decodes.
    decode_spooled : callable
        Decodes such a file, unless that has more than so many bytes. Raises a ValueError or an
        OSError if it is damaged.
    default_body_bytes : int
        Size of a body before compression, if the caller sets none.
    max_chunk_bytes : int
        What every server takes of one chunk.
    limits_bodies : bool
        Whether that limits whole bodies too.
    encoder : callable
        Makes the encoder whose chunks have at most so many bytes.
    read_counts : callable
        Reads back what each chunk of a body carries. Raises a ValueError if the body is damaged.
    first_entry : callable
        Gives the first chunk of a body in a form that people can read.
    """

    name: str
    path: str
    encodings: tuple[str, ...]
    refuses_unknown_encodings: bool
    headers: Callable[[str], Mapping[str, str]]
    probe: bytes
    counted_as: str
    spool_suffix: str
    spool_encoding: str
    decode_spooled: Callable[[bytes, int], bytes]
    default_body_bytes: int
    max_chunk_bytes: int
    limits_bodies: bool
    encoder: Callable[[int], Encoder]
    read_counts: Callable[[bytes], SampleCounts]
    first_entry: Callable[[bytes], str]


def _headers_of_lines(encoding: str) -> Mapping[str, str]:
    return {} if encoding == "none" else {"Content-Encoding": encoding}


def _headers_of_remote_write(encoding: str) -> Mapping[str, str]:
    if encoding == "zstd":  # what vmagent sends; VictoriaMetrics takes it since v1.88
        return {
            "Content-Encoding": "zstd",
            "Content-Type": "application/x-protobuf",
            "X-VictoriaMetrics-Remote-Write-Version": "1",
        }
    return {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }


IMPORT_LINES = Wire(
    name="import",
    path="/api/v1/import",
    encodings=("none", "gzip", "zstd"),
    refuses_unknown_encodings=False,
    headers=_headers_of_lines,
    probe=b"",
    counted_as="vmimport",
    spool_suffix=".jsonl.gz",
    spool_encoding="gzip",
    decode_spooled=decompress_gzip,
    default_body_bytes=4 * 2**20,
    max_chunk_bytes=10 * 2**20,  # -import.maxLineLen
    limits_bodies=False,
    encoder=LineEncoder,
    read_counts=counts_of_lines,
    first_entry=first_line,
)

REMOTE_WRITE = Wire(
    name="remote_write",
    path="/api/v1/write",
    encodings=("stored", "snappy", "zstd"),
    refuses_unknown_encodings=True,
    headers=_headers_of_remote_write,
    probe=compress(b"", "stored"),
    counted_as="promremotewrite",
    spool_suffix=".rw.sz",
    spool_encoding="snappy",
    decode_spooled=decompress_snappy,
    default_body_bytes=2**20,
    max_chunk_bytes=32 * 2**20,  # -maxInsertRequestSize
    limits_bodies=True,
    encoder=TimeSeriesEncoder,
    read_counts=counts_of_request,
    first_entry=first_series,
)

WIRES: Mapping[str, Wire] = {wire.name: wire for wire in (IMPORT_LINES, REMOTE_WRITE)}
