"""to_remote_write: the bodies of Prometheus remote write alone, for other senders."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Unpack

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords, ReadOptions
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.text import shown
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import ConfigError, VmDfWriterError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import REMOTE_WRITE

__all__ = ["to_remote_write"]


@spelled_out(READING_KEYWORDS)
@shortened(VmDfWriterError)
def to_remote_write(
    frame: FrameLike,
    *,
    metric_format: Mapping[str, str] | None = None,
    compression: str = "none",
    **reading: Unpack[ReadingKeywords],
) -> Iterator[bytes]:
    """Format a frame as the bodies of Prometheus remote write 1.0.

    Each is to be compressed and posted by itself, to ``/api/v1/write`` of VictoriaMetrics or
    Prometheus, with the headers ``Content-Encoding: snappy``,
    ``Content-Type: application/x-protobuf`` and ``X-Prometheus-Remote-Write-Version: 0.1.0``.

    Parameters
    ----------
    frame : DataFrame or Series
        Wide, long or melted; it is not modified.
    metric_format : mapping of str to str, optional
        The labels, with ``$VAR`` and ``$QUERY_KEY``; by default the name is ``$VAR``, and the
        label ``for`` the query key, if there is one.
    compression : {"none", "stored", "snappy", "zstd"}
        What is done with each body. Servers take a block of snappy, which ``stored`` is too, or
        zstd in VictoriaMetrics from v1.88 on.
    **reading
        How to read the frame: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Yields
    ------
    bytes
        A ``WriteRequest`` of at most 1 MiB before compression.

    Raises
    ------
    ConfigError
        If the compression is not one of these, or what it needs is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.DatetimeIndex(["2026-01-01"], tz="UTC")
    >>> frame = pd.DataFrame({"y": [1.5]}, index=index)
    >>> [body] = to_remote_write(frame, metric_format={"__name__": "vm_$VAR"})
    >>> len(body), b"__name__" in body
    (38, True)
    """
    known = ("none", *REMOTE_WRITE.encodings)
    if compression not in known:
        raise ConfigError(
            f"compression: remote write has no {shown(compression)}; use one of {', '.join(known)}"
        )
    compress(b"", compression)  # what is not installed is missed before the first body
    read = parse_frame(frame, metric_format=metric_format, reading=ReadOptions.of(**reading))
    bodies = pack_bodies(
        read.blocks(),
        max_bytes=REMOTE_WRITE.default_body_bytes,
        max_series=sys.maxsize,
        wire=REMOTE_WRITE,
    )
    return (compress(body.data, compression) for body in bodies)
