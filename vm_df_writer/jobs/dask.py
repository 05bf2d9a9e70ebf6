"""Dask: every partition of a Dask DataFrame is written by a task of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.errors import JobError
from vm_df_writer.jobs.partition import PartitionWriter, merge_reports, require_none
from vm_df_writer.jobs.partition_survey import PartitionReader, survey_partitions
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.existing.if_exists import IfExists
from vm_df_writer.operations.verify import VerifyChoice
from vm_df_writer.writer import VmWriter

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pandas as pd
    from dask.delayed import Delayed

__all__ = ["to_victoriametrics"]


@spelled_out(READING_KEYWORDS)
def to_victoriametrics(
    ddf: dd.DataFrame,
    writer: VmWriter | WriterConfig | str | Path,
    *,
    compute: bool = True,
    compute_kwargs: Mapping[str, Any] | None = None,
    if_exists: IfExists | None = None,
    verify: VerifyChoice = False,
    receipt: bool = False,
    **reading: Unpack[ReadingKeywords],
) -> WriteReport | Delayed:
    """Write a Dask DataFrame, in the way of its ``to_parquet``.

    Before anything is sent, the first rows of up to 64 partitions decide which columns are the
    time, labels and values of all, and each partition is read once to find samples of one series
    at one time in two of them, and once more if series have overlapping time ranges. So what is
    slow to compute is to be persisted before. With ``duplicates="keep"`` nothing is looked for.

    Each partition is written by one task. At most `concurrency` (of the config) tasks write at
    a time, over all workers, each with one request at a time: task ``n`` waits for task
    ``n - concurrency``. Dask may run a task again; the server then holds its samples twice,
    with the same value, unless it runs with ``-dedup.minScrapeInterval=1ms``.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        A partition should hold 100,000 samples or more.
    writer : VmWriter, WriterConfig, str or Path
        Where and how to write. A config goes to the workers with its secrets; given the path of
        a YAML file, every worker reads that file and its own environment.
    compute : bool
        Write now, and return the report. If False, return a ``Delayed`` that does so; the
        partitions are looked at now.
    compute_kwargs : mapping, optional
        For ``compute()``, such as ``{"retries": 3}``.
    if_exists : {"append", "skip", "fail", "replace"}, optional
        As for :meth:`VmWriter.write`. With ``fail`` all partitions are looked up before one is
        written: they are kept meanwhile, or made twice. With ``skip`` a task that Dask runs again
        doubles nothing. With ``replace`` one partition is written at a time, so that none deletes
        what another writes, and `spool_dir` is a folder of the worker.
    verify : bool, "count" or "repair"
        Read every partition back after it is written.
    receipt : bool
        Sum up what is written, for the `receipt()` of the report. If Dask runs a task again with
        ``if_exists="skip"``, it is of what that attempt still wrote.
    **reading
        How to read the partitions: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Returns
    -------
    WriteReport or Delayed
        The reports of all partitions, added up; a series counts once in each of them, and
        `elapsed_s` of a report is the time that all of it took.

    Raises
    ------
    JobError
        If Dask is not installed.
    FrameError
        If the partitions cannot be read as one frame, one does not fit the others, or two have
        samples of one series at one time; nothing was sent then.
    SamplesExistError
        If the server has a sample at the time of one, with ``if_exists="fail"``.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from vm_df_writer.jobs.dask import to_victoriametrics
    >>> scores = dd.read_parquet("scores/")  # doctest: +SKIP
    >>> to_victoriametrics(scores, "writer.yaml", compute_kwargs={"retries": 3})  # doctest: +SKIP
    """
    try:
        import dask
        from dask.delayed import delayed
    except ImportError:
        raise JobError("dask: it is not installed; pip install 'vm_df_writer[dask]'") from None
    own = PartitionWriter.of(writer, reading, if_exists=if_exists, verify=verify, receipt=receipt)
    partitions = ddf.to_delayed()  # type: ignore[no-untyped-call]

    def run(do: Callable[..., Any], numbers: Sequence[int] | None) -> Sequence[Any]:
        task = delayed(do, pure=False)
        chosen = range(len(partitions)) if numbers is None else numbers
        tasks = [task(number, [partitions[number]]) for number in chosen]
        found: Sequence[Any] = dask.compute(*tasks, **(compute_kwargs or {}))  # type: ignore[attr-defined, no-untyped-call]
        return found

    started = time.perf_counter()
    reader = survey_partitions(run, own.reader(reading), n_partitions=len(partitions))
    lanes = own.concurrency()
    looked_up: Delayed | None = None
    if if_exists == "fail":
        find = delayed(partial(own.find, reading=reader.reading), pure=False)
        looked_up = delayed(require_none, pure=False)(
            [find(number, [partition]) for number, partition in enumerate(partitions)]
        )
    write = delayed(_write_after, pure=False)
    reports: list[Delayed] = []
    for number, partition in enumerate(partitions):
        before = reports[-lanes] if len(reports) >= lanes else looked_up
        reports.append(write(before, own, number, partition, reader))
    merged: Delayed = delayed(merge_reports)(reports)
    if not compute:
        return merged
    report: WriteReport = merged.compute(**(compute_kwargs or {}))  # type: ignore[no-untyped-call]
    return replace(report, elapsed_s=time.perf_counter() - started)


def _write_after(
    _: object, own: PartitionWriter, number: int, frame: pd.DataFrame, reader: PartitionReader
) -> WriteReport:
    """Write a partition when the first argument is there, which is only waited for."""
    return own.write(number, [frame], reader=reader)
