"""Frames as sources: each is one part, known again by its content."""

from __future__ import annotations

from hashlib import blake2b

import pandas as pd

from vm_df_writer.frames.arrow import frame_from_arrow
from vm_df_writer.jobs.parts import Part
from vm_df_writer.jobs.places import FileStamp
from vm_df_writer.jobs.sources import Source

__all__ = ["frame_source"]


def frame_source(number: int, frame: object) -> Source:
    """Return what a frame is known by.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0]})
    >>> source = frame_source(3, frame)
    >>> source.path, source.parts[0].rows
    ('frame 3', 1)
    >>> source.fingerprint == frame_source(3, frame.assign(y=2.0)).fingerprint
    False
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    elif not isinstance(frame, pd.DataFrame):
        frame = frame_from_arrow(frame)
    digest = blake2b(digest_size=16)
    digest.update(repr((frame.columns, frame.index.names, list(frame.dtypes))).encode())
    digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    parts = [Part(0, rows=len(frame))]
    return Source(f"frame {number}", FileStamp(0, 0), digest.hexdigest(), parts=parts)
