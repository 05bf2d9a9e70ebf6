"""to_import_lines: the pure part alone, for files and pipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Unpack

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords, ReadOptions
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import VmDfWriterError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.wire.import_lines import LineEncoder

__all__ = ["to_import_lines"]


@spelled_out(READING_KEYWORDS)
@shortened(VmDfWriterError)
def to_import_lines(
    frame: FrameLike,
    *,
    metric_format: Mapping[str, str] | None = None,
    **reading: Unpack[ReadingKeywords],
) -> Iterator[bytes]:
    r"""Format a frame as the lines of ``/api/v1/import``, for files and pipes.

    Parameters
    ----------
    frame : DataFrame or Series
        Wide, long or melted; it is not modified.
    metric_format : mapping of str to str, optional
        The labels, with ``$VAR`` and ``$QUERY_KEY``; by default the name is ``$VAR``, and the
        label ``for`` the query key, if there is one.
    **reading
        How to read the frame: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Yields
    ------
    bytes
        One or more whole lines.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.DatetimeIndex(["2026-01-01"], tz="UTC")
    >>> frame = pd.DataFrame({"y": [1.5]}, index=index)
    >>> b"".join(to_import_lines(frame, metric_format={"__name__": "vm_$VAR"}))
    b'{"metric":{"__name__":"vm_y"},"values":[1.5],"timestamps":[1767225600000]}\n'
    """
    read = parse_frame(frame, metric_format=metric_format, reading=ReadOptions.of(**reading))
    encoder = LineEncoder()
    return (lines for block in read.blocks() for lines in encoder.encode(block).chunks())
