"""Spark: every partition of a Spark DataFrame is written by the task that holds it."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.errors import JobError
from vm_df_writer.jobs.partition import PartitionWriter, merge_reports, require_none
from vm_df_writer.jobs.partition_survey import survey_partitions
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


@spelled_out(READING_KEYWORDS)
def to_victoriametrics(
    frame: DataFrame,
    writer: VmWriter | WriterConfig | str | Path,
    *,
    if_exists: IfExists | None = None,
    verify: VerifyChoice = False,
    receipt: bool = False,
    **reading: Unpack[ReadingKeywords],
) -> WriteReport:
    """Write a Spark DataFrame, and return when all of it is acknowledged.

    At most `concurrency` (of the config) tasks write at a time, each with one request at a
    time: the frame is coalesced to that number of partitions, which slows down what Spark
    computes before it in the same stage. Spark may run a task again; the server then holds its
    samples twice, with the same value, unless it runs with ``-dedup.minScrapeInterval=1ms``.

    Before anything is sent, the first rows of up to 64 partitions decide which columns are the
    time, labels and values of all, and the frame is read once to find samples of one series at
    one time in two tasks, and once more if series have overlapping time ranges. So what is slow
    to compute is to be persisted before. With ``duplicates="keep"`` nothing is looked for.

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
    if_exists : {"append", "skip", "fail", "replace"}, optional
        As for :meth:`VmWriter.write`. With ``fail`` Spark computes the frame twice, unless it is
        cached: all of it is looked up before any is written. With ``skip`` a task that Spark runs
        again doubles nothing. With ``replace`` there is one task, so that none deletes what another
        writes, and it is refused where ``spark.speculation`` is on, which would start the task a
        second time beside the first; `spool_dir` is a folder of the worker.
    verify : bool, "count" or "repair"
        Read everything back, batch by batch.
    receipt : bool
        Sum up what is written, for the `receipt()` of the report. If Spark runs a task again with
        ``if_exists="skip"``, it is of what that attempt still wrote.
    **reading
        How to read the rows: see :class:`~vm_df_writer.config.read_options.ReadOptions`. A
        timestamp is what it is in UTC, whatever the session's time zone; one without a zone
        (``TIMESTAMP_NTZ``) is taken for `naive_tz`.

    Returns
    -------
    WriteReport
        The reports of all tasks, added up; a series counts once in each task, and `elapsed_s` is
        the time that all of it took.

    Raises
    ------
    JobError
        If two tasks could replace the same series at a time.
    FrameError
        If the partitions cannot be read as one frame, or two tasks have samples of one series at
        one time; nothing was sent then. What a task raises is in an error of Spark.

    Examples
    --------
    >>> from vm_df_writer.jobs.spark import to_victoriametrics
    >>> scores = spark.read.parquet("scores/")  # doctest: +SKIP
    >>> to_victoriametrics(scores, "writer.yaml")  # doctest: +SKIP
    """
    own = PartitionWriter.of(writer, reading, if_exists=if_exists, verify=verify, receipt=receipt)
    if if_exists == "replace":
        _require_one_attempt_at_a_time(frame)
    started = time.perf_counter()
    with warnings.catch_warnings():
        # Spark warns of its own use of pandas, which has no part in this.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        partitions = frame.coalesce(own.concurrency())
        run = partial(_run, partitions)
        reader = survey_partitions(
            run,
            own.reader(reading),
            n_partitions=_count_partitions(frame),
            run_on_first=partial(_run, frame),
        )
        if if_exists == "fail":
            require_none(run(partial(own.find, reading=reader.reading)))
        report = merge_reports(run(partial(own.write, reader=reader)))
    return replace(report, elapsed_s=time.perf_counter() - started)


def _run(
    frame: DataFrame, do: Callable[..., _Result], numbers: Sequence[int] | None = None
) -> list[_Result]:
    """Return what a function makes of each partition, or of some: of its number and tables."""
    wanted = None if numbers is None else frozenset(numbers)

    def in_task(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa
        from pyspark import TaskContext

        context = TaskContext.get()
        number = 0 if context is None else context.partitionId()
        if wanted is None or number in wanted:
            result = pickle.dumps(do(number, _tables(batches)))
            yield pa.RecordBatch.from_pydict({"number": [number], "result": [result]})

    rows = frame.mapInArrow(in_task, "number long, result binary").collect()
    in_order = sorted(rows, key=lambda row: row.number)
    return [pickle.loads(bytes(row.result)) for row in in_order]  # noqa: S301 - ours


def _require_one_attempt_at_a_time(frame: DataFrame) -> None:
    if str(frame.sparkSession.conf.get("spark.speculation", "false")).lower() == "true":
        raise JobError(
            "if_exists: 'replace' deletes whole series before it writes them again, and "
            "spark.speculation is on: a second attempt could do so beside the first; use a session "
            "with spark.speculation=false"
        )


def _count_partitions(frame: DataFrame) -> int | None:
    """Return how many partitions there are; a frame of Spark Connect does not tell."""
    try:
        return int(frame.rdd.getNumPartitions())
    except Exception:  # noqa: BLE001 - of several classes, by version
        return None


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
