"""JobOptions: how a job is run, and which options decide what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.config.writer_config import WriterConfig, with_unlimited_reconnects
from vm_df_writer.display.text import shown
from vm_df_writer.errors import ConfigError, JobError
from vm_df_writer.files.file_labels import (
    check_file_labels,
    path_labels,
    require_names_of_their_own,
)
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.operations.existing.if_exists import IfExists, check_if_exists
from vm_df_writer.operations.receipts.verify_receipt import check_receipt_choice
from vm_df_writer.operations.verify import VerifyChoice, check_choice
from vm_df_writer.server.server import ServerPair
from vm_df_writer.transport.endpoint import Endpoint

__all__ = [
    "JobOptions",
    "check_options",
    "job_config",
    "job_identity",
    "require_parts_can_differ",
]

# A rate holds body by body, so that a body must be small beside what a second allows.
_BODIES_PER_S = 4
_BYTES_PER_SAMPLE = 20
_SMALLEST_BODY = 64 * 2**10


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """How a backfill is run.

    Attributes
    ----------
    since, until : str, datetime or None
        Write only samples from `since` on, and before `until`; UTC unless they name a zone.
    hive : bool
        Make a label of each folder, in the absolute path of a file, that is named ``key=value``.
    file_labels : sequence of str
        Labels that a file gets of its name: ``NAME`` or ``NAME=PATTERN``, as in
        :func:`~vm_df_writer.files.file_labels.file_labels`.
    file_options : FileOptions
        How the files are written, where they do not show it.
    if_exists : {"append", "skip", "fail", "replace"}, optional
        What becomes of a sample at whose time the server has one of the same series, as for
        :meth:`VmWriter.write`. With ``fail`` the job looks for such samples in all parts before
        it sends anything, and so reads every part twice. What the job itself has sent of a part
        that was interrupted exists too: ``skip`` does not send it again. ``replace`` is for one
        worker, and rewrites a series for each part that corrects some of it.
    workers : int
        Processes that read and format. The config's `concurrency` is shared among them.
    rate_limit : float or None
        Most samples per second, over all workers.
    max_bytes_per_second : float or None
        Most bytes per second on the wire, over all workers.
    newest_first : bool
        Write the most recent data first.
    verify : bool, "count" or "repair"
        Read every part back after it is written; as for :meth:`VmWriter.write`. Parts that an
        earlier run sent are read back too, and not sent again, unless a repair needs that.
    retry_failed : bool
        Try those parts once more that failed in an earlier run.
    restart : bool
        Forget an earlier run and begin anew.
    fail_on_drop : bool
        Do not call a job done of which samples were left out, for whatever reason.
    reset_cache : bool
        Make the server forget its cached query results at the end, so that graphs show what was
        written.
    receipt : bool
        Sum up what is written, for the `receipt()` of the report. Parts that an earlier run sent
        without are read once more, and not sent again. Not with ``if_exists="replace"``.

    Raises
    ------
    JobError
        If an option is impossible.

    Examples
    --------
    >>> JobOptions(since="2026-01-01").since_ms
    1767225600000
    >>> JobOptions(workers=0)
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.JobError: workers: expected 1 or more, got 0
    """

    since: str | pd.Timestamp | None = None
    until: str | pd.Timestamp | None = None
    hive: bool = False
    file_labels: Sequence[str] = ()
    file_options: FileOptions = field(default_factory=FileOptions)
    if_exists: IfExists | None = None
    workers: int = 1
    rate_limit: float | None = None
    max_bytes_per_second: float | None = None
    newest_first: bool = False
    verify: VerifyChoice = False
    retry_failed: bool = False
    restart: bool = False
    fail_on_drop: bool = False
    reset_cache: bool = False
    receipt: bool = False

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        try:
            check_choice(self.verify)
            check_if_exists(self.if_exists)
            if self.receipt:
                check_receipt_choice("last", self.if_exists)
        except ConfigError as error:
            raise JobError(error.message, keyword=error.keyword) from None
        if self.if_exists == "replace" and self.workers > 1:
            raise JobError(
                f"workers: {self.workers} of them could delete what the others write, with "
                "if_exists='replace'; use one"
            )
        if self.workers < 1:
            raise JobError(f"workers: expected 1 or more, got {self.workers}")
        for name in ("rate_limit", "max_bytes_per_second"):
            rate = getattr(self, name)
            if rate is not None and not rate > 0:
                raise JobError(f"{name}: expected a number above 0, got {shown(rate)}")
        object.__setattr__(self, "file_labels", tuple(self.file_labels))
        check_file_labels(self.file_labels)
        since, until = self.since_ms, self.until_ms
        if since is not None and until is not None and since >= until:
            raise JobError(f"since: {self.since} is not before until, {self.until}; swap them")

    def labels_of(self, path: str) -> dict[str, str]:
        """Return the labels that the series of a file get of its path.

        Raises
        ------
        SourceError
            If the path does not fit a pattern of `file_labels`.
        """
        return path_labels(path, hive=self.hive, specs=self.file_labels)

    def require_labels_of_their_own(self, paths: Sequence[str]) -> None:
        """Refuse files whose names should tell them apart, and do not.

        Raises
        ------
        FrameError
            Names two of them.
        """
        require_names_of_their_own(paths, hive=self.hive, specs=self.file_labels)

    @property
    def since_ms(self) -> int | None:
        """`since` in epoch milliseconds."""
        return _epoch_ms("since", self.since)

    @property
    def until_ms(self) -> int | None:
        """`until` in epoch milliseconds."""
        return _epoch_ms("until", self.until)


def require_parts_can_differ(if_exists: IfExists | None, *, keeps_all: bool) -> None:
    """Refuse to keep what several parts have at one time, where one gives way to the server.

    Raises
    ------
    JobError
        If both is asked for.
    """
    if keeps_all and if_exists in ("skip", "replace"):
        raise JobError(
            f"if_exists: {if_exists!r} would not keep what several parts have at one time, which "
            "duplicates='keep' asks for; pass another one of the two"
        )


def _epoch_ms(name: str, moment: str | pd.Timestamp | None) -> int | None:
    if moment is None:
        return None
    try:
        time = pd.Timestamp(moment)
        time = time.tz_localize("UTC") if time.tz is None else time
        return round(time.timestamp() * 1000)
    except (ValueError, TypeError):  # NaT has no epoch either
        raise JobError(
            f"{name}: expected a time such as 2026-01-31T12:00Z, got {shown(moment)}"
        ) from None


def check_options(servers: ServerPair, options: JobOptions) -> None:
    """Refuse what a receiver would lose samples by.

    Raises
    ------
    JobError
        If it needs samples in order, and the job would not send them so; or if samples have to
        be read back from a server that does not give them.
    """
    receiver = servers.receiver
    for name, value, usual in (
        ("workers", options.workers, 1),
        ("newest_first", options.newest_first, False),
    ):
        if receiver.needs_order and value != usual:
            raise JobError(
                f"{name}: {receiver.title} drops samples that are older than others of their "
                f"series, so that a job has to send them in order; leave {name}= out"
                + (
                    ", or set storage.tsdb.out_of_order_time_window in its configuration"
                    if receiver.name == "prometheus"
                    else ""
                )
            )
    for name, is_asked in (
        ("if_exists", options.if_exists not in (None, "append")),
        ("verify", bool(options.verify)),
    ):
        if is_asked and not servers.reads_back:
            raise JobError(
                f"{name}: samples are read back from VictoriaMetrics and Prometheus, and the "
                f"server does not say that it is one of them; leave {name}= out"
            )


def job_identity(
    config: WriterConfig, reading: ReadOptions, options: JobOptions
) -> Mapping[str, Any]:
    """Return every option that decides what is stored, and where; no secrets.

    An interrupted job goes on only with the same ones. Its speed, its order and whether it
    verifies may change.
    """
    named = {
        f"{what}.{name}": _plain(value)
        for what, given in (("reading", reading), ("file_options", options.file_options))
        for name, value in vars(given).items()
        if value != getattr(type(given)(), name)
    }
    if options.file_labels:
        named["file_labels"] = [*options.file_labels]
    return named | {
        "datasource_url": Endpoint.of(config).import_url,
        "metric_format": dict(config.metric_format),
        "since_ms": options.since_ms,
        "until_ms": options.until_ms,
        "hive": options.hive,
    }


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if isinstance(value, (int, float)) else str(value)


def job_config(config: WriterConfig, options: JobOptions) -> WriterConfig:
    """Return the config that one worker of a job writes with."""
    changes: dict[str, Any] = {"concurrency": max(1, config.concurrency // options.workers)}
    per_body = [
        rate / _BODIES_PER_S
        for rate in (
            options.rate_limit and options.rate_limit * _BYTES_PER_SAMPLE,
            options.max_bytes_per_second,
        )
        if rate is not None
    ]
    if per_body:
        size = max(_SMALLEST_BODY, int(min(per_body)))
        changes["batch_max_bytes"] = min(config.batch_max_bytes, size)
    return with_unlimited_reconnects(config).model_copy(update=changes)
