"""Looking ahead: reads some parts of a job before any is sent, as their tasks will do."""

from __future__ import annotations

from collections.abc import Sequence

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import FrameError, JobError, SourceError
from vm_df_writer.frames.time_range import cut_time
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.part_survey import PartSurvey, evenly_spread
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart
from vm_df_writer.operations.preflight import plan_send

__all__ = ["look_ahead"]

# So that a job of many files begins after seconds, and holds no more in memory than its workers.
_MOST_PARTS = 64
_MOST_ROWS = 200_000


def look_ahead(parts: Sequence[OtherPart], spec: JobSpec, backend: Backend) -> None:
    """Refuse a job whose parts contradict each other, as far as some of them show it.

    Parameters
    ----------
    parts : sequence of OtherPart
        Those that may have samples of one series at one time, in the order in which they will
        be sent.
    spec : JobSpec
        The job.
    backend : Backend
        Reports what the servers store.

    Raises
    ------
    JobError
        Names two parts.
    """
    reading, options = ReadOptions.of(**spec.reading), spec.options
    if reading.duplicates == "keep":
        return
    survey = PartSurvey(reading.duplicates)
    for part in _choose(parts):
        try:
            frame = part.read(reading, options.file_options)
            frame = cut_time(frame, reading, options.since_ms, options.until_ms)
            keywords = ReadOptions.of(**spec.keywords_for(part.source.path))
            blocks = plan_send(backend, frame, keywords).blocks()
            survey.add(part.record.name, part.source.path, blocks)
        except RepeatedSamplesError as error:
            raise JobError(f"{error} (nothing was sent)") from None
        except (FrameError, SourceError):
            continue  # its own task fails with the reason


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
