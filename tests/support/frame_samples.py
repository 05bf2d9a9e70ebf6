"""What is stored of a frame, in a form that reads well in an assertion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Unpack

import pandas as pd

from tests.support.import_lines import parse_lines
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.frames.parse import ParsedFrame, parse_frame
from vm_df_writer.wire.packing import pack_bodies

START = pd.Timestamp("2026-01-01", tz="UTC")
START_MS = 1767225600000
ONLY_VAR = {"__name__": "$VAR"}


def minutes(*numbers: int | None) -> pd.DatetimeIndex:
    """Return times that lie so many minutes after the start of 2026; None is NaT."""
    return pd.DatetimeIndex(
        [pd.NaT if n is None else START + pd.Timedelta(minutes=n) for n in numbers], tz="UTC"
    )


def read(
    frame: Any,
    metric_format: Mapping[str, str] = ONLY_VAR,
    **reading: Unpack[ReadingKeywords],
) -> ParsedFrame:
    """Read a frame, as a write would."""
    return parse_frame(frame, metric_format=metric_format, reading=ReadOptions.of(**reading))


def stored(
    frame: Any,
    metric_format: Mapping[str, str] = ONLY_VAR,
    **reading: Unpack[ReadingKeywords],
) -> dict[str, dict[float, float]]:
    """Return the values of each series by minute: ``{"y{host=a}": {0: 0.5}}``."""
    return stored_of(read(frame, metric_format, **reading))


def stored_of(reading: ParsedFrame) -> dict[str, dict[float, float]]:
    """Return the values of each series by minute."""
    bodies = pack_bodies(reading.blocks(), max_bytes=2**22, max_series=10**6)
    series = {}
    for label_set, samples in parse_lines(b"".join(body.data for body in bodies)).items():
        labels = dict(label_set)
        name = labels.pop("__name__")
        rest = ",".join(f"{key}={text}" for key, text in sorted(labels.items()))
        times = [(ms - START_MS) / 60_000 for ms, _ in samples]
        assert len(set(times)) == len(times)
        series[f"{name}{{{rest}}}" if rest else name] = dict(
            zip(times, (value for _, value in samples), strict=True)
        )
    return series


def counts(reading: ParsedFrame) -> tuple[dict[str, int], dict[str, int]]:
    """Return what is dropped and what is adjusted, and check that the account closes."""
    dropped: Counter[str] = Counter()
    adjusted: Counter[str] = Counter()
    n_samples = 0
    for block in reading.blocks():
        dropped.update(block.dropped)
        adjusted.update(block.adjusted)
        n_samples += block.n_samples
    assert n_samples + dropped.total() == reading.n_samples
    return dict(dropped), dict(adjusted)
