"""Looking ahead: reads some parts of a job before any is sent, and fixes one reading for all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import FrameError, JobError, SourceError, TimestampError
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.frames.time_range import cut_time
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.part_survey import PartSurvey, evenly_spread
from vm_df_writer.jobs.state.records import JobReading
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart
from vm_df_writer.operations.preflight import plan_send

__all__ = ["fix_reading", "look_ahead", "roles_as_keywords"]

# So that a job of many files begins after seconds, and holds no more in memory than its workers.
_MOST_PARTS = 64
_MOST_ROWS = 200_000


def look_ahead(
    parts: Sequence[OtherPart], alone: Collection[int], spec: JobSpec, backend: Backend
) -> JobReading | None:
    """Refuse a job whose parts contradict each other, and fix one reading for all of them.

    A part that cannot be read is passed over: its own task fails with the reason.

    Parameters
    ----------
    parts : sequence of OtherPart
        Those that will be sent, in that order.
    alone : collection of int
        Those of which no other part can have samples of the same series at the same time.
    spec : JobSpec
        The job.
    backend : Backend
        Reports what the servers store.

    Returns
    -------
    JobReading or None
        None if no part shows one, or its names cannot be kept.

    Raises
    ------
    JobError
        Names two parts, or the column of which the parts do not show what it is.
    """
    looked_at = list(_read(_choose(parts), spec))
    found = _fix_reading_of(looked_at, spec, backend)
    fixed = found.keywords if found is not None else {}
    survey = PartSurvey(ReadOptions.of(**spec.reading).duplicates)
    for part, frame in looked_at:
        reading = ReadOptions.of(**{**spec.keywords_for(part.source.path), **fixed})
        if part.record.id in alone or reading.duplicates == "keep":
            continue
        try:
            plan = plan_send(backend, frame, reading)
            survey.add(part.record.name, part.source.path, plan.blocks)
        except RepeatedSamplesError as error:
            raise JobError(f"{error.describe()} (nothing was sent)") from None
        except FrameError:
            continue
    return found


def _fix_reading_of(
    looked_at: Sequence[tuple[OtherPart, pd.DataFrame]], spec: JobSpec, backend: Backend
) -> JobReading | None:
    groups: dict[tuple[tuple[str, str], ...], list[tuple[str, pd.DataFrame]]] = {}
    for part, frame in looked_at:
        labels = tuple(sorted(spec.options.labels_of(part.source.path).items()))
        groups.setdefault(labels, []).append((part.source.path, frame))
    # Files with other labels may have the same series for the same rows: they are not one frame.
    alike = max(groups.values(), key=len, default=[])
    try:
        return _fix_reading_of_all(alike, spec, backend)
    except FrameError:  # it may be one part's own fault
        readable, alone = [], []
        for path, frame in alike:
            with suppress(FrameError):
                alone.append(fix_reading(frame, path, spec, backend))
                readable.append((path, frame))
    alike = readable
    try:
        return _fix_reading_of_all(alike, spec, backend)
    except FrameError as error:
        # Files may write their times in two ways, such as with and without a zone.
        is_of_times = isinstance(error, TimestampError)
        if is_of_times and len({str(found and found.keywords) for found in alone}) == 1:
            return alone[0]
        raise JobError(f"{alike[0][0]}: {error.describe()} (nothing was sent)") from None


def _fix_reading_of_all(
    alike: Sequence[tuple[str, pd.DataFrame]], spec: JobSpec, backend: Backend
) -> JobReading | None:
    """Fix what the parts show together: what tells rows apart may be one value in each of them."""
    if not alike:
        return None
    path, first = alike[0]
    unnamed = isinstance(first.index, pd.RangeIndex) and first.index.name is None
    whole = pd.concat([frame for _, frame in alike], ignore_index=unnamed)
    if spec.reading.get("duplicates") == "error":  # the survey names the two parts
        spec = replace(spec, reading={**spec.reading, "duplicates": "last"})
    return fix_reading(whole, path, spec, backend)


def fix_reading(
    frame: pd.DataFrame, path: str, spec: JobSpec, backend: Backend
) -> JobReading | None:
    """Return how a frame is read, so that others are read in the same way.

    Raises
    ------
    FrameError
        If it cannot be read.
    """
    given = ReadOptions.of(**spec.reading)
    parsed = plan_send(backend, frame, ReadOptions.of(**spec.keywords_for(path))).parsed
    if frame.empty:
        return None
    keywords = roles_as_keywords(parsed, given)
    columns = [*keywords.get("label_columns", ()), *keywords.get("value_columns", ())]
    if not all(isinstance(name, str) for name in (keywords.get("time", ""), *columns)):
        return None
    return JobReading(keywords, str(parsed.reading))


def roles_as_keywords(parsed: ParsedFrame, given: ReadOptions) -> dict[str, Any]:
    """Return keywords that give the columns of other frames the roles that they have in one."""
    names = ["layout", "time", "label_columns"]
    # Other files of a wide job may have other series, which are columns.
    is_open = given.layout == "wide" or given.var is not None or given.column_label is not None
    if not is_open:
        names.append("value_columns")
    found = {name: getattr(parsed.options, name) for name in names}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items() if v is not None}


def _read(parts: Sequence[OtherPart], spec: JobSpec) -> Iterator[tuple[OtherPart, pd.DataFrame]]:
    reading, options = ReadOptions.of(**spec.reading), spec.options
    for part in parts:
        try:
            frame = part.read(reading, options.file_options)
            frame = cut_time(frame, reading, options.since_ms, options.until_ms)
        except (FrameError, SourceError):
            continue
        if not frame.empty:
            yield part, frame


def _choose(parts: Sequence[OtherPart]) -> list[OtherPart]:
    """Choose the first parts of files, and others if there are few files."""
    firsts = {part.source.path: part for part in reversed(parts)}
    chosen = evenly_spread(list(reversed(firsts.values())), _MOST_PARTS)
    taken = {part.record.id for part in chosen}
    rest = [part for part in parts if part.record.id not in taken]
    chosen += evenly_spread(rest, _MOST_PARTS - len(chosen))
    rows = sum(part.record.part.rows for part in chosen)
    if rows > _MOST_ROWS:
        chosen = evenly_spread(chosen, max(2, len(chosen) * _MOST_ROWS // rows))
    places = {part.record.id: place for place, part in enumerate(parts)}
    return sorted(chosen, key=lambda part: places[part.record.id])
