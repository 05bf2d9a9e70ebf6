"""Preview: how a frame is read, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import counted, describe_counts, format_utc, shown_line
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.model.reading import Reading
from vm_df_writer.model.sample_counts import SampleCounts, series_frame
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.preflight import plan_send

__all__ = ["Preview", "preview_frame"]

_FORMATTED_SAMPLES = 1_000_000
_SHOWN_SERIES = 10
_TABLE_STYLE = "overflow-x:auto;white-space:nowrap"  # labels and times are not broken


@dataclass(frozen=True, kw_only=True)
class Preview:
    """How a frame is read, and what a write would send.

    Attributes
    ----------
    layout, reason : str
        The layout, and why it was chosen.
    reading : Reading
        How the frame is understood, column by column, and as a line of text.
    rows, series, samples : int
        Rows of the frame, series and samples that would be sent.
    dropped, adjusted : mapping of str to int
        Samples that would be left out or altered, by reason.
    bytes_raw, requests : int
        Size of the bodies before compression, and their number.
    is_estimate : bool
        True if these two are extrapolated, as they are for large frames.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last sample.
    first_line : str
        The first import line, or what it would be.
    limits_reported : bool
        True if a server said what it stores, so that `dropped` knows it. False if none answers:
        then the smallest limits that any version has are assumed for labels, and none for times.
    """

    layout: str
    reason: str
    reading: Reading
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
    limits_reported: bool
    counts: SampleCounts = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series: its labels, `samples`, and `first` and `last` in UTC."""
        return series_frame(self.counts.per_series())

    def _facts(self) -> dict[str, object]:
        line = self.first_line
        return {
            "read as": self.reading,
            "layout": f"{self.layout} ({self.reason})",
            "rows": f"{self.rows:,}",
            "series": f"{self.series:,}",
            "samples": f"{self.samples:,}",
            "dropped": describe_counts(self.dropped),
            "adjusted": describe_counts(self.adjusted),
            "time range": f"{format_utc(self.first_ms)} to {format_utc(self.last_ms)}",
            "to send": (
                f"{'about ' * self.is_estimate}{self.bytes_raw:,} bytes "
                f"in {counted(self.requests, 'request')}"
            ),
            "limits": "reported by the server"
            if self.limits_reported
            else "assumed, since no server reports any",
            "first line": shown_line(line),
        }

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        dropped = f"{sum(self.dropped.values()):,} dropped"
        return (
            f"<Preview: {self.layout}, {self.samples:,} samples of {self.series:,} series, "
            f"{dropped}, {'about ' * self.is_estimate}{self.bytes_raw:,} bytes to send>"
        )

    def __str__(self) -> str:
        """Return a table of plain text."""
        facts = "\n".join(f"{name:<11} {value}" for name, value in self._facts().items())
        series, more = self._shown_series()
        return facts if series.empty else "\n".join([facts, "", series.to_string(), *more])

    def _repr_html_(self) -> str:
        facts = facts_table("vm_df_writer: preview", self._facts())
        series, more = self._shown_series()
        table = f'<div style="{_TABLE_STYLE}">{series.to_html(border=0)}{"".join(more)}</div>'
        return facts if series.empty else facts + table

    def _shown_series(self) -> tuple[pd.DataFrame, list[str]]:
        series = self.to_frame()
        more = len(series) - _SHOWN_SERIES
        return series.head(_SHOWN_SERIES), [f"and {more:,} more: see .to_frame()"] * (more > 0)


def preview_frame(backend: Backend, frame: FrameLike, reading: ReadOptions) -> Preview:
    """Go through a frame as a write would, without sending.

    Samples are counted in the whole frame; only the first ones are formatted, and the size of
    the rest is taken to be like theirs.
    """
    plan = plan_send(backend, frame, reading)
    ledger = Ledger()
    formatted, tables = [], []
    n_formatted = 0
    for block in map(ledger.count_block, plan.blocks()):
        if not block.n_series:
            continue
        tables.append(SampleCounts.of_block(block))
        if n_formatted < _FORMATTED_SAMPLES:
            n_formatted += block.n_samples
            formatted.append(block)
    counts = SampleCounts.concat(tables)
    samples = int(counts.samples.sum())
    sizes, first_line = [], ""
    for body in plan.bodies(formatted):
        first_line = first_line or plan.wire.first_entry(body.data)
        sizes.append(len(body.data))
    is_estimate = samples > n_formatted
    bytes_raw, requests = sum(sizes), len(sizes)
    if is_estimate:
        bytes_raw = round(bytes_raw * samples / n_formatted)
        requests = max(
            -(-bytes_raw // plan.max_bytes), -(-len(counts.label_sets) // plan.max_series)
        )
    return Preview(
        layout=plan.parsed.layout,
        reason=plan.parsed.reason,
        reading=plan.parsed.reading,
        rows=plan.parsed.rows,
        series=len(set(counts.label_sets)),
        samples=samples,
        dropped=dict(ledger.dropped),
        adjusted=dict(ledger.adjusted),
        bytes_raw=bytes_raw,
        requests=requests,
        is_estimate=is_estimate,
        first_ms=int(counts.first_ms.min()) if tables else None,
        last_ms=int(counts.last_ms.max()) if tables else None,
        first_line=first_line,
        limits_reported=plan.limits.are_reported,
        counts=counts,
    )
