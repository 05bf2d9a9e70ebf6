"""Estimate: says from some parts of a job what it would send; sends nothing, keeps no state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack, cast

import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend, choose_encoding
from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import counted, describe_counts, describe_seconds, shown_line
from vm_df_writer.errors import FrameError, ReplaceError, SamplesExistError, SourceError
from vm_df_writer.files.locations import find_files
from vm_df_writer.files.part import Part
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile, read_parts
from vm_df_writer.frames.time_range import cut_time, lies_outside
from vm_df_writer.jobs.look_ahead import look_ahead
from vm_df_writer.jobs.options import JobOptions
from vm_df_writer.jobs.overlap.part_survey import evenly_spread
from vm_df_writer.jobs.plan import parts_alone_in_time, plan_file, require_possible
from vm_df_writer.jobs.state.records import JobReading, PartRecord
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, keywords_with
from vm_df_writer.model.replaced import Replaced
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.write import write_plan
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.compression import compress
from vm_df_writer.writer import VmWriter

__all__ = ["JobEstimate", "estimate"]

_SAMPLED_PARTS = 5


@dataclass(frozen=True, kw_only=True)
class JobEstimate:
    """What a job would send.

    Attributes
    ----------
    files, parts, rows : int
        What there is to read.
    parts_read : int
        The parts that were read for this. If these are not all, `samples` and `bytes_raw` are
        extrapolated, and `series` counts those of the parts that were read.
    series, samples, bytes_raw : int
        What would be sent, before compression.
    dropped : mapping of str to int
        Samples of the parts that were read that would be left out, by reason.
    seconds : float
        How long the job takes at least: to read and format with its workers, and to keep its
        rates. The server may take longer.
    replaced : Replaced or None
        With ``if_exists="replace"``: what would be rewritten for the parts that were read.
    refused : str or None
        With ``if_exists="fail"``: why the job would be refused, as far as these parts tell.
    unreadable : mapping of str to str
        Files and parts that would fail, and why; of parts, only those that were read.
    first_line : str
        The first import line.
    reading : str or None
        How the parts are read; None if no part could be read.
    """

    files: int
    parts: int
    rows: int
    parts_read: int
    series: int
    samples: int
    bytes_raw: int
    dropped: Mapping[str, int]
    seconds: float
    unreadable: Mapping[str, str]
    first_line: str
    reading: str | None = None
    replaced: Replaced | None = None
    refused: str | None = None

    @property
    def is_exact(self) -> bool:
        """True if every part was read."""
        return self.parts_read == self.parts

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        plain = {name: dict(getattr(self, name)) for name in ("dropped", "unreadable")}
        replaced = None if self.replaced is None else self.replaced.to_dict()
        return {**vars(self), **plain, "replaced": replaced, "is_exact": self.is_exact}

    def _facts(self) -> dict[str, object]:
        about, at_least = ("", "") if self.is_exact else ("about ", "at least ")
        facts: dict[str, object] = {
            "read as": self.reading or "-",
            "to read": ", ".join(
                counted(number, of)
                for number, of in ((self.files, "file"), (self.parts, "part"), (self.rows, "row"))
            ),
            "looked at": counted(self.parts_read, "part"),
            "series": f"{at_least}{self.series:,}",
            "samples": f"{about}{self.samples:,}",
            "left out": describe_counts(self.dropped),
            "to send": f"{about}{self.bytes_raw:,} bytes before compression",
            "time needed": f"at least {describe_seconds(self.seconds)}",
            "first line": shown_line(self.first_line),
        }
        if self.replaced is not None:
            facts["to replace"] = self.replaced
        if self.refused is not None:
            facts["REFUSED"] = self.refused
        return facts | {path: f"WOULD FAIL: {why}" for path, why in self.unreadable.items()}

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        about = "" if self.is_exact else "about "
        failing = f", {len(self.unreadable):,} would fail" if self.unreadable else ""
        return (
            f"<JobEstimate: {about}{self.samples:,} samples in {counted(self.parts, 'part')} of "
            f"{counted(self.files, 'file')}{failing}>"
        )

    def __str__(self) -> str:
        """Return a table of plain text."""
        return "\n".join(f"{name:<11} {value}" for name, value in self._facts().items())

    def _repr_html_(self) -> str:
        return facts_table("vm_df_writer: estimate", self._facts())


def estimate(
    sources: str | Path | Sequence[str | Path],
    writer: VmWriter | WriterConfig,
    *,
    options: JobOptions | None = None,
    **reading: Unpack[ReadingKeywords],
) -> JobEstimate:
    """Say what a job would send, and how long that takes.

    With an `if_exists` other than ``append`` the server is asked what it has of the parts that are
    read, and the answer is what the job would leave out, refuse or replace of them.

    Parameters
    ----------
    sources, writer, options, **reading
        As for :func:`~vm_df_writer.jobs.backfill.backfill`, though frames are not taken.

    Returns
    -------
    JobEstimate
        Exact for a job of a few parts; else extrapolated from some of them.

    Raises
    ------
    JobError
        If there is nothing to read, or the job would be refused since parts contradict each
        other, or for its options.
    DeliveryError
        If the server is to be asked, and does not answer.
    """
    config = writer.config if isinstance(writer, VmWriter) else writer
    options = options or JobOptions()
    how = ReadOptions.of(**reading)
    require_possible(config, how, options)
    paths = find_files(sources)
    options.require_labels_of_their_own(paths)
    planned = [plan_file(path, how, options) for path in paths]
    parts = [
        (source, part)
        for source in planned
        for part in source.parts
        if source.error is None
        and not lies_outside(part.first_ms, part.last_ms, options.since_ms, options.until_ms)
    ]
    rows = sum(part.rows for _, part in parts)
    unreadable = {source.path: source.error for source in planned if source.error is not None}
    unreadable |= odd_columns(planned, how)
    rows_read = samples = bytes_raw = parts_read = 0
    replaced: Replaced | None = None
    refused: str | None = None
    label_sets: set[bytes] = set()
    dropped: Counter[str] = Counter()
    first_line = ""
    readable = [(source, part) for source, part in parts if source.path not in unreadable]
    fixed = _look_ahead(readable, config, reading, options)
    if fixed is not None:
        reading = cast("ReadingKeywords", {**reading, **fixed.keywords})
        how = ReadOptions.of(**reading)
    started = time.perf_counter()
    with VmWriter(config=config) as own:
        for source, part in evenly_spread(parts, _SAMPLED_PARTS):
            try:
                ((_, frame),) = read_parts(source, [part], how, options.file_options)
                cut = cut_time(frame, how, options.since_ms, options.until_ms)
                keywords = keywords_with(reading, options.labels_of(source.path))
                preview = own.preview(cut, **keywords)
                foreseen = _foresee(own.backend, cut, ReadOptions.of(**keywords), options)
            except SamplesExistError as error:
                refused = refused or f"{source.path}: {error.message}"
                foreseen = None
            except (SourceError, FrameError, ReplaceError) as error:
                unreadable[f"{source.path}, part {part.number}"] = error.describe()
                continue
            parts_read += 1
            rows_read += part.rows
            samples += preview.samples if foreseen is None else foreseen.undelivered
            bytes_raw += preview.bytes_raw if foreseen is None else foreseen.bytes_raw
            dropped.update(preview.dropped if foreseen is None else foreseen.dropped)
            if foreseen is not None and foreseen.replaced is not None:
                replaced = foreseen.replaced if replaced is None else replaced + foreseen.replaced
            label_sets.update(preview.counts.label_sets)
            first_line = first_line or preview.first_line
    factor = rows / rows_read if rows_read else 0.0
    samples_in_all, bytes_in_all = round(samples * factor), round(bytes_raw * factor)
    seconds = (time.perf_counter() - started) * factor / options.workers
    if options.rate_limit is not None:
        seconds = max(seconds, samples_in_all / options.rate_limit)
    if options.max_bytes_per_second is not None:
        on_the_wire = bytes_in_all * _compressed_share(first_line, config)
        seconds = max(seconds, on_the_wire / options.max_bytes_per_second)
    return JobEstimate(
        files=len(planned),
        parts=len(parts),
        rows=rows,
        parts_read=parts_read,
        series=len(label_sets),
        samples=samples_in_all,
        bytes_raw=bytes_in_all,
        dropped=dropped,
        seconds=seconds,
        unreadable=unreadable,
        first_line=first_line,
        reading=None if fixed is None else fixed.text,
        replaced=replaced,
        refused=refused,
    )


def _foresee(
    backend: Backend, frame: pd.DataFrame, reading: ReadOptions, options: JobOptions
) -> WriteReport | None:
    """Return what a write of a part would do with what the server has; None if it does not ask."""
    if options.if_exists in (None, "append"):
        return None
    plan = plan_send(backend, frame, reading)
    return write_plan(plan, backend, if_exists=options.if_exists, progress=False, dry_run=True)


def _look_ahead(
    parts: Sequence[tuple[SourceFile, Part]],
    config: WriterConfig,
    reading: ReadingKeywords,
    options: JobOptions,
) -> JobReading | None:
    """Refuse what the job would refuse, and read as it would read."""
    others = [
        OtherPart(source, PartRecord(number, source.path, part))
        for number, (source, part) in enumerate(parts)
    ]
    alone = parts_alone_in_time(other.record for other in others)
    backend = Backend.of(config)
    with closing(backend.client):
        return look_ahead(others, alone, JobSpec.of(config, reading, options), backend)


def _compressed_share(line: str, config: WriterConfig) -> float:
    """Return how much smaller compression makes a body, as one line shows."""
    data = line.encode()
    if not data:
        return 1.0
    return len(compress(data, choose_encoding(config, Endpoint.of(config)))) / len(data)
