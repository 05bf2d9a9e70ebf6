"""Planning: what there is to do, beside what an earlier run planned and did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from vm_df_writer.config.read_options import Reading
from vm_df_writer.errors import JobError, SourceError
from vm_df_writer.files.locations import stamp_of
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import Source, has_changed, plan_source, reads_in_one_go
from vm_df_writer.frames.time_range import lies_outside
from vm_df_writer.jobs.options import JobOptions
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.state.store import Checkpoint
from vm_df_writer.jobs.workers.tasks import Errand

__all__ = ["make_plan", "plan_errands"]

_SHOWN = 5


def make_plan(
    checkpoint: Checkpoint,
    paths: Sequence[str],
    reading: Reading,
    options: JobOptions,
    should_stop: Callable[[], bool],
) -> None:
    """Enter the files into the checkpoint that are new, or that changed before they were sent.

    Raises
    ------
    JobError
        If a file changed of which something was sent.
    """
    known = {source.path: source for source in checkpoint.sources()}
    changed = []
    for path in paths:
        if should_stop():
            return
        source = known.get(path)
        if source is None:
            checkpoint.add_source(plan_source(path, reading))
            continue
        difference = _difference(source)
        if difference is None:
            if (stamp := stamp_of(path)) != source.stamp:
                checkpoint.set_stamp(path, stamp)
        elif checkpoint.was_sent(path):
            changed.append(f"{path} {difference}")
        else:
            checkpoint.add_source(plan_source(path, reading))
    if changed:
        more = f", and {len(changed) - _SHOWN:,} more" if len(changed) > _SHOWN else ""
        raise JobError(
            f"{checkpoint.path}: files changed after some of them was sent: "
            f"{'; '.join(changed[:_SHOWN])}{more}; put back what they were, or begin anew with "
            "restart=, which sends everything again"
        )
    _refuse_odd_columns(checkpoint, reading)
    for record in checkpoint.parts(PartState.PENDING):
        part = record.part
        if lies_outside(part.first_ms, part.last_ms, options.since_ms, options.until_ms):
            checkpoint.finish(record.id, PartState.SKIPPED, "outside since and until")


def _difference(source: Source) -> str | None:
    """Say in what a file is no longer the one that was planned; None if in nothing."""
    try:
        stamp = stamp_of(source.path)
        is_same = stamp == source.stamp if source.error else not has_changed(source)
    except SourceError as error:
        return str(error)
    if is_same:
        return None
    if stamp.size != source.stamp.size:
        return f"was {source.stamp.size:,} bytes and is {stamp.size:,}"
    return "has other content"


def _refuse_odd_columns(checkpoint: Checkpoint, reading: Reading) -> None:
    for path, reason in odd_columns(list(checkpoint.sources()), reading).items():
        for record in checkpoint.parts(PartState.PENDING, path=path):
            checkpoint.finish(record.id, PartState.FAILED, reason)


def plan_errands(
    checkpoint: Checkpoint,
    records: Iterable[PartRecord],
    options: JobOptions,
    purpose: Literal["write", "verify", "ask"] = "write",
) -> Iterator[Errand]:
    """Put parts in order, and those together that are reached only one through the other."""
    sources = {source.path: source for source in checkpoint.sources()}
    ordered = list(records)
    if options.newest_first:
        # Files that do not tell their times are often named by them, and sorted by them within.
        ordered.sort(key=lambda r: (r.part.last_ms or 0, r.path, r.part.number), reverse=True)
    together: dict[tuple[str, int], list[PartRecord]] = {}
    for record in ordered:
        number = -1 if reads_in_one_go(record.path) else record.part.number
        together.setdefault((record.path, number), []).append(record)
    for (path, _), group in together.items():
        in_order = sorted(group, key=lambda record: record.part.number)
        # A worker needs no more of the source than what tells that it is still the same.
        yield Errand(replace(sources[path], schema={}, parts=()), in_order, purpose)
