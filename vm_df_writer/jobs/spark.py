"""Spark: every partition of a Spark DataFrame is written by the task that holds it."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from vm_df_writer.config.read_options import ReadingKeywords
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.jobs.partition import (
    concurrency_of,
    find_in_partition,
    merge_reports,
    open_target,
    require_none,
    write_partition,
)
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.existing.if_exists import IfExists
from vm_df_writer.operations.verify import VerifyChoice
from vm_df_writer.writer import VmWriter

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["to_victoriametrics"]

_Result = TypeVar("_Result")

# Spark's batches have 10,000 rows, which is little for a request.
_BYTES_AT_A_TIME = 32 * 2**20


def to_victoriametrics(
    frame: DataFrame,
    writer: VmWriter | WriterConfig | str | Path,
    *,
    if_exists: IfExists | None = None,
    verify: VerifyChoice = False,
    **reading: Unpack[ReadingKeywords],
) -> WriteReport:
    """Write a Spark DataFrame, and return when all of it is acknowledged.

    At most `concurrency` (of the config) tasks write at a time, each with one request at a
    time: the frame is coalesced to that number of partitions, which slows down what Spark
    computes before it in the same stage. Spark may run a task again; the server then holds its
    samples twice, with the same value, unless it runs with ``-dedup.minScrapeInterval=1ms``.

    Rows pass through Arrow (``mapInArrow``). The pandas frames that Spark makes (``mapInPandas``)
    lack the time zone, have floats in place of integers that may be null, and are not supported
    on pandas 3.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        Long or melted, or of one series; rows of a series may lie in several partitions.
    writer : VmWriter, WriterConfig, str or Path
        Where and how to write. A config goes to the workers with its secrets; given the path of
        a YAML file, every worker reads that file and its own environment.
    if_exists : {"append", "skip", "fail"}, optional
        As for :meth:`VmWriter.write`. With ``fail`` Spark computes the frame twice, unless it is
        cached: all of it is looked up before any is written. With ``skip`` a task that Spark runs
        again doubles nothing.
    verify : bool, "count" or "repair"
        Read everything back, batch by batch.
    **reading
        How to read the rows: see :class:`~vm_df_writer.config.read_options.ReadOptions`. A
        timestamp is what it is in UTC, whatever the session's time zone; one without a zone
        (``TIMESTAMP_NTZ``) is taken for `naive_tz`.

    Returns
    -------
    WriteReport
        The reports of all tasks, added up; a series counts once in each task, and `elapsed_s` is
        the time that all of it took.

    Examples
    --------
    >>> from vm_df_writer.jobs.spark import to_victoriametrics
    >>> scores = spark.read.parquet("scores/")  # doctest: +SKIP
    >>> to_victoriametrics(scores, "writer.yaml")  # doctest: +SKIP
    """
    target = open_target(writer, reading, if_exists)

    def write(batches: Iterator[Any]) -> WriteReport:
        return write_partition(
            _tables(batches), target, reading, if_exists=if_exists, verify=verify
        )

    def find(batches: Iterator[Any]) -> str | None:
        return find_in_partition(_tables(batches), target, reading)

    started = time.perf_counter()
    with warnings.catch_warnings():
        # Spark warns of its own use of pandas, which has no part in this.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        partitions = frame.coalesce(concurrency_of(target))
        if if_exists == "fail":
            require_none(_run(partitions, find))
        report = merge_reports(_run(partitions, write))
    return replace(report, elapsed_s=time.perf_counter() - started)


def _run(frame: DataFrame, do: Callable[[Iterator[Any]], _Result]) -> list[_Result]:
    """Return what a function makes of each partition."""

    def in_task(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        yield pa.RecordBatch.from_pydict({"result": [pickle.dumps(do(batches))]})

    rows = frame.mapInArrow(in_task, "result binary").collect()
    return [pickle.loads(bytes(row.result)) for row in rows]  # noqa: S301 - ours


def _tables(batches: Iterator[Any]) -> Iterator[Any]:
    """Put batches together until a write of them pays."""
    import pyarrow as pa

    gathered: list[Any] = []
    n_bytes = 0
    for batch in batches:
        gathered.append(batch)
        n_bytes += batch.nbytes
        if n_bytes >= _BYTES_AT_A_TIME:
            yield pa.Table.from_batches(gathered)
            gathered, n_bytes = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered)
