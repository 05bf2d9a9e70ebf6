"""``vm-df-writer read``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import orjson

from vm_df_writer.cli.frame_output import FrameOutput, OutputFormat
from vm_df_writer.cli.output import say
from vm_df_writer.config.read_options import DuplicatesPolicy, FrameLayout, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.operations.queries.query import range_series
from vm_df_writer.operations.queries.read import lay_out, matching_series
from vm_df_writer.reading.frame_shape import FrameShape
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.wire.import_lines import LineEncoder

__all__ = ["run"]


def run(
    selectors: Sequence[str],
    config: WriterConfig,
    *,
    start: str | None,
    end: str | None,
    step: str | None,
    layout: FrameLayout,
    output: Path | None,
    file_format: OutputFormat | None,
    duplicates: DuplicatesPolicy,
    naive_tz: str,
) -> None:
    """Do what the command says, and exit."""
    target = FrameOutput.of(output, file_format, "csv", "parquet", "jsonl")
    options = ReadOptions.of(duplicates=duplicates, naive_tz=naive_tz)
    shape = FrameShape.of(layout, "pandas", options)
    if step is not None and (start is None or end is None or len(selectors) > 1):
        raise ConfigError("--step: it needs --start, --end and one expression; name these")
    backend = Backend.of(config)
    with closing(backend.client):
        if step is None:
            series = matching_series(backend, selectors, options, start=start, end=end)
        else:
            series = range_series(backend, selectors[0], start, end, step, naive_tz)
        if not any(len(each.values) for each in series):
            say("warning: the server has no such samples", err=True)
        if target.file_format == "jsonl":
            target.write_lines(_lines_of(series))
        else:
            target.write_frame(lay_out(backend, series, shape))


def _lines_of(series: Sequence[SeriesSamples]) -> Iterator[bytes]:
    """Yield series as import lines."""
    encoder = LineEncoder()
    for labels, times_ms, values in series:
        there = ~np.isnan(values)
        if there.any():
            offsets = np.array([0, np.count_nonzero(there)])
            block = SeriesBlock(
                [orjson.dumps(labels)],
                offsets,
                times_ms[there],
                values[np.newaxis, there],
                has_infinities=True,
            )
            yield from encoder.encode(block).chunks()
