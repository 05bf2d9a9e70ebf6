"""What Dask and Spark share: the task that writes one partition, and the report of all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Self

from vm_df_writer.config.load import load_config
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig, with_unlimited_reconnects
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import SamplesExistError, VmDfWriterError
from vm_df_writer.frames.given_frame import as_frame
from vm_df_writer.jobs.options import require_parts_can_differ
from vm_df_writer.jobs.partition_survey import PartitionReader, naming_partition
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.existing.if_exists import IfExists, check_if_exists, existing_in_frame
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.receipts.verify_receipt import check_receipt_choice
from vm_df_writer.operations.verify import VerifyChoice, check_choice
from vm_df_writer.operations.write import write_plan
from vm_df_writer.writer import VmWriter

__all__ = ["PartitionWriter", "merge_reports", "require_none"]


@dataclass(frozen=True, kw_only=True)
class PartitionWriter:
    """What every task is given: where and how to write.

    Attributes
    ----------
    target : WriterConfig or str
        A config, or the path of a YAML file that every worker reads.
    if_exists, verify, receipt
        As for :meth:`VmWriter.write`.
    """

    target: WriterConfig | str
    if_exists: IfExists | None = None
    verify: VerifyChoice = False
    receipt: bool = False

    @classmethod
    def of(
        cls,
        writer: VmWriter | WriterConfig | str | Path,
        reading: ReadingKeywords,
        *,
        if_exists: IfExists | None,
        verify: VerifyChoice,
        receipt: bool,
    ) -> Self:
        """Refuse here what each of the tasks would refuse.

        Raises
        ------
        ConfigError
            If the configuration, `if_exists` or `verify` is wrong, or there is no receipt of it.
        FrameError
            If a reading keyword is.
        """
        check_choice(verify)
        check_if_exists(if_exists)
        duplicates = ReadOptions.of(**reading).duplicates
        require_parts_can_differ(if_exists, keeps_all=duplicates == "keep")
        if receipt:
            check_receipt_choice(duplicates, if_exists)
        target = writer.config if isinstance(writer, VmWriter) else writer
        if not isinstance(target, WriterConfig):
            load_config(target)
            target = str(Path(target).absolute())
        return cls(target=target, if_exists=if_exists, verify=verify, receipt=receipt)

    @property
    def config(self) -> WriterConfig:
        """The config; that of a file is read now."""
        return self.target if isinstance(self.target, WriterConfig) else load_config(self.target)

    def concurrency(self) -> int:
        """Return how many tasks may write at a time, each with one request at a time.

        What replaces samples deletes and imports whole series, and must not meet another that
        does. A server that needs the samples of a series in order, which is asked now, is written
        to by one.
        """
        config = self.config
        if self.if_exists == "replace":
            return 1
        if config.protocol == "import":
            return config.concurrency
        backend = Backend.of(config)
        with closing(backend.client):
            needs_order = backend.server.info().receiver.needs_order
        return 1 if needs_order else config.concurrency

    def reader(self, reading: ReadingKeywords) -> PartitionReader:
        """Return how partitions are read, as far as the caller says it."""
        return PartitionReader(self.config.explicit_metric_format, reading)

    def write(self, number: int, frames: Iterable[Any], *, reader: PartitionReader) -> WriteReport:
        """Write the frames of a partition, one request at a time.

        A scheduler may do so twice: the server then holds samples twice, with the same value,
        unless those that exist are skipped. With ``fail`` all partitions were looked up before, by
        `find`; what a second attempt finds is its own.

        Returns
        -------
        WriteReport
            Without the counts of each series, so that its size does not depend on the partition;
            with the digests of a receipt if that is asked for.

        Raises
        ------
        VmDfWriterError
            If a frame cannot be read or written; its report is small, too.
        """
        config = with_unlimited_reconnects(self.config).model_copy(update={"concurrency": 1})
        backend, how, reports = Backend.of(config), ReadOptions.of(**reader.reading), []
        with closing(backend.client):
            for frame in map(as_frame, frames):
                try:
                    reader.check(number, frame)
                    with naming_partition(number):
                        plan = plan_send(backend, frame, how)
                    report = write_plan(
                        plan,
                        backend,
                        if_exists=None if self.if_exists == "fail" else self.if_exists,
                        verify=self.verify,
                        receipt=self.receipt,
                        progress=False,
                        among_others=how.duplicates == "keep",
                    )
                except VmDfWriterError as error:
                    error.report = error.report and error.report.summary()
                    raise
                reports.append(replace(report.summary(), digests=report.digests))
        return merge_reports(reports)

    def find(self, _: int, frames: Iterable[Any], *, reading: ReadingKeywords) -> str | None:
        """Name a sample of a partition at whose time the server has one, if there is one."""
        backend, options = Backend.of(self.config), ReadOptions.of(**reading)
        with closing(backend.client):
            for frame in frames:
                if found := existing_in_frame(backend, frame, options):
                    return found
        return None


def require_none(found: Iterable[str | None]) -> None:
    """Refuse to write where a partition has a sample that exists.

    Raises
    ------
    SamplesExistError
        Names the first one.
    """
    if existing := next(filter(None, found), None):
        raise SamplesExistError(existing)


def merge_reports(reports: Sequence[WriteReport]) -> WriteReport:
    """Add up reports; the report of an empty frame does not count for the layout.

    Examples
    --------
    >>> wide, empty = WriteReport(layout="wide", rows=1, samples=2), WriteReport(layout="long")
    >>> merged = merge_reports([empty, wide, wide])
    >>> merged.layout, merged.samples
    ('wide', 4)
    """
    counted = [report for report in reports if report.rows] or list(reports[:1])
    return reduce(add, counted) if counted else WriteReport(layout="none")
