"""Planning: enters files into the state, and makes tasks of the parts that are to be done."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import JobError, SourceError
from vm_df_writer.files.locations import stamp_of
from vm_df_writer.files.part import Part
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile, has_changed, plan_source
from vm_df_writer.frames.time_range import lies_outside
from vm_df_writer.jobs.options import JobOptions, require_parts_can_differ
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.results import Purpose
from vm_df_writer.jobs.workers.tasks import OtherPart, Task
from vm_df_writer.operations.receipts.verify_receipt import check_receipt_choice

__all__ = [
    "make_plan",
    "other_parts",
    "parts_alone_in_time",
    "plan_file",
    "plan_tasks",
    "require_possible",
]

_SHOWN = 5
_MOST_AT_ONCE = 64
_MOST_BYTES = 2**28


def require_possible(config: WriterConfig, reading: ReadOptions, options: JobOptions) -> None:
    """Refuse options that cannot go with the configuration or with how the files are read.

    Raises
    ------
    ConfigError
        If there is no receipt of such a job.
    JobError
        If it cannot be run.
    """
    require_parts_can_differ(options.if_exists, keeps_all=reading.duplicates == "keep")
    if options.receipt:
        check_receipt_choice(reading.duplicates)
    if options.if_exists == "replace" and config.spool_dir is None:
        raise JobError(
            "if_exists: 'replace' needs spool_dir=, a folder where what is deleted is kept until "
            "the server has it again"
        )
    if options.workers > 1 and config.auth is not None:
        try:
            pickle.dumps(config.auth)
        except Exception as error:  # noqa: BLE001 - pickle raises of all kinds
            raise JobError(
                f"auth: workers={options.workers} are processes of their own, and it cannot be "
                f"pickled for them ({type(error).__name__}); make it of a class or function of a "
                "module, or pass workers=1"
            ) from None


def make_plan(
    store: StateStore,
    paths: Sequence[str],
    reading: ReadOptions,
    options: JobOptions,
    should_stop: Callable[[], bool],
) -> None:
    """Enter files into the state that are new, or that changed before any of them was sent.

    Raises
    ------
    JobError
        If a file changed after some of it was sent.
    """
    known = {source.path: source for source in store.sources()}
    changed: list[str] = []
    planned: list[SourceFile] = []
    for path in paths:
        if should_stop():
            break
        source = known.get(path)
        difference = None if source is None else _difference(store, source)
        if difference is not None and store.was_sent(path):
            changed.append(f"{path} {difference}")
        elif source is None or difference is not None:
            planned.append(plan_file(path, reading, options))
            # Each transaction waits for the disk; what a kill takes is soon planned again.
            if len(planned) == _MOST_AT_ONCE or sum(s.stamp.size for s in planned) > _MOST_BYTES:
                store.add_sources(planned)
                planned = []
    store.add_sources(planned)
    if should_stop():
        return
    if changed:
        more = f", and {len(changed) - _SHOWN:,} more" if len(changed) > _SHOWN else ""
        raise JobError(
            f"{store.path}: files changed after some of them was sent: "
            f"{'; '.join(changed[:_SHOWN])}{more}; put back what they were, or begin anew with "
            "restart=, which sends everything again"
        )
    _check_columns(store, reading)
    for record in store.parts(PartState.PENDING):
        part = record.part
        if lies_outside(part.first_ms, part.last_ms, options.since_ms, options.until_ms):
            store.finish(record.id, PartState.SKIPPED, "outside since and until")


def plan_file(path: str, reading: ReadOptions, options: JobOptions) -> SourceFile:
    """Cut a file into parts; what is wrong with it, or with its name, is in its `error`."""
    try:
        options.labels_of(path)
    except SourceError as error:
        return SourceFile(path, stamp_of(path), parts=[Part(0)], error=error.describe())
    return plan_source(path, reading, options.file_options)


def _difference(store: StateStore, source: SourceFile) -> str | None:
    """Say in what a file is no longer the one that was planned; None if in nothing."""
    try:
        stamp = stamp_of(source.path)
    except SourceError as error:
        return error.describe()
    if stamp == source.stamp:
        return None
    if stamp.size != source.stamp.size:
        return f"was {source.stamp.size:,} bytes and is {stamp.size:,}"
    try:
        is_other = source.error is not None or has_changed(source)
    except SourceError:
        return None  # the parts of it that are still to be read fail with the reason
    if is_other:
        return "has other content"
    store.set_stamp(source.path, stamp)  # or workers compare the content again for each part
    return None


def _check_columns(store: StateStore, reading: ReadOptions) -> None:
    for path, reason in odd_columns(list(store.sources()), reading).items():
        for record in store.parts(PartState.PENDING, path=path):
            store.finish(record.id, PartState.FAILED, reason)


def plan_tasks(
    store: StateStore,
    records: Iterable[PartRecord],
    options: JobOptions,
    purpose: Purpose = "write",
) -> Iterator[Task]:
    """Put parts in order; those that can only be read one after the other make one task."""
    sources = {source.path: source for source in store.sources()}
    alone = parts_alone_in_time(store.parts())
    ordered = list(records)
    if options.newest_first:
        # Files that do not say their times are often named after them, and sorted by time within.
        ordered.sort(key=lambda r: (r.part.last_ms or 0, r.path, r.part.number), reverse=True)
    together: dict[tuple[str, int], list[PartRecord]] = {}
    for record in ordered:
        number = -1 if sources[record.path].schema.in_one_go else record.part.number
        together.setdefault((record.path, number), []).append(record)
    for (path, _), group in together.items():
        in_order = sorted(group, key=lambda record: record.part.number)
        gave_way_to = {}
        if purpose in ("verify", "digest"):
            for record in in_order:
                gave_way_to[record.id] = other_parts(store, store.gives_way_to(record.id))
        yield Task(
            sources[path],
            in_order,
            purpose,
            may_repeat=not alone.issuperset(record.id for record in in_order),
            gave_way_to=gave_way_to,
        )


def other_parts(store: StateStore, keys: Iterable[int]) -> list[OtherPart]:
    """Return what a worker needs to read some parts."""
    others = []
    for record in map(store.part, keys):
        (source,) = store.sources(record.path)
        others.append(OtherPart(source, record))
    return others


def parts_alone_in_time(records: Iterable[PartRecord]) -> set[int]:
    """Return the parts whose time ranges have nothing in common with those of any other part.

    A part that does not say its time range may be at any time. Parts that are left out or failed
    do not count: if they are tried again, the others are found by their time ranges.
    """
    ranges = []
    for record in records:
        if record.state in (PartState.FAILED, PartState.SKIPPED):
            continue
        first_ms, last_ms = record.part.first_ms, record.part.last_ms
        if first_ms is None or last_ms is None:
            return set()
        ranges.append((first_ms, last_ms, record.id))
    if not ranges:
        return set()
    firsts, lasts, keys = np.array(sorted(ranges), np.int64).T
    begins_after_all = firsts[1:] > np.maximum.accumulate(lasts)[:-1]
    is_alone = np.append(True, begins_after_all) & np.append(begins_after_all, True)
    return set(keys[is_alone].tolist())
