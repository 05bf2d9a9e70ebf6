"""Preview: how a frame is read, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import describe_counts, format_utc, shown_line
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.sample_counts import SampleCounts, series_frame
from vm_df_writer.wire.packing import pack_bodies

__all__ = ["Preview", "preview_frame"]

_FORMATTED_SAMPLES = 1_000_000
_SHOWN_SERIES = 10


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a frame is read, and what a write would send.

    Attributes
    ----------
    layout, reason : str
        The layout, and why it was chosen.
    rows, series, samples : int
        Rows of the frame, series and samples that would be sent.
    dropped, adjusted : mapping of str to int
        Samples that would be left out or altered, by reason.
    bytes_raw, requests : int
        Size of the import lines before compression, and the number of bodies.
    is_estimate : bool
        True if these two are extrapolated, as they are for large frames.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last sample.
    first_line : str
        The first import line.
    """

    layout: str
    reason: str
    rows: int
    series: int
    samples: int
    dropped: Mapping[str, int]
    adjusted: Mapping[str, int]
    bytes_raw: int
    requests: int
    is_estimate: bool
    first_ms: int | None
    last_ms: int | None
    first_line: str
    counts: SampleCounts = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series: its labels, `samples`, and `first` and `last` in UTC."""
        return series_frame(self.counts.per_series())

    def _facts(self) -> dict[str, object]:
        line = self.first_line
        return {
            "layout": f"{self.layout} ({self.reason})",
            "rows": f"{self.rows:,}",
            "series": f"{self.series:,}",
            "samples": f"{self.samples:,}",
            "dropped": describe_counts(self.dropped),
            "adjusted": describe_counts(self.adjusted),
            "time range": f"{format_utc(self.first_ms)} to {format_utc(self.last_ms)}",
            "to send": (
                f"{'about ' * self.is_estimate}{self.bytes_raw:,} bytes "
                f"in {self.requests:,} requests"
            ),
            "first line": shown_line(line),
        }

    def __str__(self) -> str:
        """Return a table of plain text."""
        facts = "\n".join(f"{name:<11} {value}" for name, value in self._facts().items())
        series = self.to_frame().head(_SHOWN_SERIES)
        return facts if series.empty else f"{facts}\n\n{series.to_string()}"

    def _repr_html_(self) -> str:
        facts = facts_table("vm_df_writer: preview", self._facts())
        series = self.to_frame().head(_SHOWN_SERIES)
        return facts if series.empty else facts + series.to_html(border=0)


def preview_frame(read: ParsedFrame, *, max_bytes: int, max_series: int) -> Preview:
    """Go through a frame as a write would, without sending.

    Samples are counted in the whole frame; only the first ones are formatted, and the size of
    the rest is taken to be like theirs.
    """
    dropped: Counter[str] = Counter()
    adjusted: Counter[str] = Counter()
    formatted, tables = [], []
    n_formatted = 0
    for block in read.blocks():
        dropped.update(block.dropped)
        adjusted.update(block.adjusted)
        if not block.n_series:
            continue
        tables.append(SampleCounts.of_block(block))
        if n_formatted < _FORMATTED_SAMPLES:
            n_formatted += block.n_samples
            formatted.append(block)
    lines = SampleCounts.concat(tables)
    samples = int(lines.samples.sum())
    sizes, first_line = [], b""
    for body in pack_bodies(formatted, max_bytes=max_bytes, max_series=max_series):
        first_line = first_line or body.data[: body.data.index(b"\n")]
        sizes.append(len(body.data))
    is_estimate = samples > n_formatted
    bytes_raw, requests = sum(sizes), len(sizes)
    if is_estimate:
        bytes_raw = round(bytes_raw * samples / n_formatted)
        requests = max(-(-bytes_raw // max_bytes), -(-len(lines.label_sets) // max_series))
    return Preview(
        layout=read.layout,
        reason=read.reason,
        rows=read.rows,
        series=len(set(lines.label_sets)),
        samples=samples,
        dropped=dict(dropped),
        adjusted=dict(adjusted),
        bytes_raw=bytes_raw,
        requests=requests,
        is_estimate=is_estimate,
        first_ms=int(lines.first_ms.min()) if tables else None,
        last_ms=int(lines.last_ms.max()) if tables else None,
        first_line=first_line.decode(),
        counts=lines,
    )
