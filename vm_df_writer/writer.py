"""VmWriter: ties frames, wire and delivery together."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, Unpack

import pandas as pd

from vm_df_writer.account import Account
from vm_df_writer.config import WriterConfig, load_config
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.delivery.links import series_expr
from vm_df_writer.delivery.sender import RetryPolicy, Sender
from vm_df_writer.delivery.verify import verify_blocks
from vm_df_writer.errors import ConfigError, VerificationError
from vm_df_writer.frames.layout import FrameReading, read_frame
from vm_df_writer.frames.metric_format import DEFAULT_METRIC_FORMAT, LabelLimits, LabelSetCache
from vm_df_writer.frames.reading import Reading, ReadingKeywords
from vm_df_writer.preview import Preview, preview_frame
from vm_df_writer.progress import ProgressChoice, progress_bar
from vm_df_writer.report import WriteReport
from vm_df_writer.series import SeriesBlock
from vm_df_writer.tenant_labels import warn_of_tenant_labels
from vm_df_writer.wire.bodies import Body, pack_bodies
from vm_df_writer.wire.import_lines import LineEncoder

__all__ = ["ServerCheck", "VmWriter", "to_import_lines"]

_log = logging.getLogger("vm_df_writer")


@dataclass(frozen=True)
class ServerCheck:
    """A server that is there and takes our credentials.

    Attributes
    ----------
    import_url : str
        Where samples are sent to, without credentials.
    elapsed_s : float
        How long the two requests took.
    """

    import_url: str
    elapsed_s: float


class VmWriter:
    """Writes DataFrames of anomaly scores to VictoriaMetrics.

    The object is a context manager, may be shared by threads and can be pickled: connections
    are opened when they are needed, in each process.

    Parameters
    ----------
    datasource_url : str, optional
        The server, as in vmanomaly's ``writer:`` section.
    config : WriterConfig, optional
        The whole configuration; then nothing else is passed.
    **parameters
        The other parameters of :class:`~vm_df_writer.config.WriterConfig`.

    Raises
    ------
    ConfigError
        If the configuration is wrong or contradicts itself.

    Examples
    --------
    >>> index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
    >>> scores = pd.DataFrame({"anomaly_score": [0.1, 2.5]}, index=index)
    >>> writer = VmWriter("http://localhost:8428", metric_format={"__name__": "vm_$VAR"})
    >>> report = writer.write(scores, dry_run=True)
    >>> report.layout, report.series, report.undelivered
    ('wide', 1, 2)
    """

    def __init__(
        self,
        datasource_url: str | None = None,
        *,
        config: WriterConfig | None = None,
        **parameters: Any,
    ) -> None:
        if config is None:
            if datasource_url is None:
                raise ConfigError(
                    "datasource_url: missing; pass the URL of the server, such as "
                    "'http://localhost:8428', or config="
                )
            config = WriterConfig(datasource_url=datasource_url, **parameters)
        elif datasource_url is not None or parameters:
            raise ConfigError(
                "config: passed together with other parameters; put them all into the WriterConfig"
            )
        self.config = config
        self._open()

    def _open(self) -> None:
        config = self.config
        self._endpoint = Endpoint.of(config)
        self._client = HttpClient(config, self._endpoint)
        coding = config.compression
        if coding == "auto":
            coding = "none" if self._endpoint.is_loopback else "gzip"
        self._sender = Sender(
            self._client,
            retry=RetryPolicy(
                reconnect_attempts=config.connection_retry_attempts,
                deadline_s=config.retry_deadline_s,
            ),
            concurrency=config.concurrency,
            coding=coding,
            timeout_s=config.timeout_s,
        )
        self._label_sets = LabelSetCache(config.metric_prefix_cache_max_entries)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Self:
        """Open the writer that a vmanomaly configuration file describes.

        Parameters
        ----------
        path : str or Path
            A whole file, of which only the ``writer:`` section is read, or a file that holds
            such a section alone. ``%{NAME}`` stands for environment variables.
        """
        return cls(config=load_config(path))

    def write(
        self,
        frame: pd.DataFrame | pd.Series,
        *,
        verify: bool = False,
        progress: ProgressChoice = "auto",
        dry_run: bool = False,
        **reading: Unpack[ReadingKeywords],
    ) -> WriteReport:
        """Write a frame, and return when every sample is acknowledged.

        Parameters
        ----------
        frame : DataFrame or Series
            Wide, long or melted; it is not modified.
        verify : bool
            Read everything back and compare.
        progress : bool or "auto"
            Show a progress bar on standard error; ``"auto"``: if somebody watches.
        dry_run : bool
            Do everything but send: the report says what would be dropped, and counts the rest
            as `undelivered`.
        **reading
            How to read the frame: see :class:`~vm_df_writer.frames.reading.Reading`.

        Returns
        -------
        WriteReport

        Raises
        ------
        FrameError
            If the frame cannot be read; nothing was sent then.
        DeliveryError
            If samples could not be delivered; its `report` says which.
        VerificationError
            If what was read back is not what was sent; its `report` says how much.
        """
        read = self._read(frame, reading)
        warn_of_tenant_labels(self.config.tenant_id, read.label_names)
        started = time.perf_counter()
        with progress_bar(progress, read.n_samples) as on_progress:
            account = Account(read, on_progress)
            bodies = self._bodies(account.tap(read.blocks()))
            try:
                if not dry_run:
                    self._sender.deliver(bodies, account.settle)
                for body in bodies:  # what was never pulled, after a failure
                    account.leave(body)
            except BaseException as exc:
                # Ctrl-C, or out of memory: the account must not be lost with it.
                report = self._finish(account, read, started)
                exc.add_note(f"vm_df_writer: what was written so far:\n{report}")
                exc.report = report  # type: ignore[attr-defined]
                raise
        report = self._finish(account, read, started)
        if account.error is not None:
            error = account.error
            error.report = report
            missing = f"{report.undelivered:,} of {report.total:,} samples are not acknowledged"
            error.args = (f"{error.args[0]} ({missing}: see .report)",)
            raise error
        if verify and not dry_run:
            report = self._verify(read, report)
        return report

    def preview(
        self, frame: pd.DataFrame | pd.Series, **reading: Unpack[ReadingKeywords]
    ) -> Preview:
        """Tell how a frame would be read and what would be sent, without sending anything.

        Parameters
        ----------
        frame : DataFrame or Series
            As for :meth:`write`.
        **reading
            As for :meth:`write`.
        """
        return preview_frame(
            self._read(frame, reading),
            max_bytes=self.config.batch_max_bytes,
            max_series=self.config.batch_max_series,
        )

    def check(self) -> ServerCheck:
        """Ask whether the server is there, and whether it takes our credentials and tenant.

        Nothing is stored.

        Raises
        ------
        ServerUnavailable
            If there is no answer.
        ServerRejected
            If the server refuses.
        """
        started = time.perf_counter()
        self._client.check_health()
        self._client.post_import(b"")
        return ServerCheck(self._endpoint.import_url, time.perf_counter() - started)

    def close(self) -> None:
        """Close the connections; the writer opens new ones when it is used again."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def __repr__(self) -> str:
        """Name the server, without credentials."""
        return f"VmWriter({self._endpoint.import_url!r})"

    def __getstate__(self) -> WriterConfig:
        """Pickle the configuration alone."""
        return self.config

    def __setstate__(self, config: WriterConfig) -> None:
        """Open anew."""
        self.config = config
        self._open()

    def _read(self, frame: pd.DataFrame | pd.Series, reading: ReadingKeywords) -> FrameReading:
        return read_frame(
            frame,
            metric_format=self.config.metric_format,
            reading=Reading.of(**reading),
            limits=LabelLimits(
                self.config.max_labels,
                self.config.max_label_name_bytes,
                self.config.max_label_value_bytes,
            ),
            cache=self._label_sets,
        )

    def _bodies(self, blocks: Iterator[SeriesBlock]) -> Iterator[Body]:
        return pack_bodies(
            blocks,
            max_bytes=self.config.batch_max_bytes,
            max_series=self.config.batch_max_series,
        )

    def _finish(self, account: Account, read: FrameReading, started: float) -> WriteReport:
        report = account.report(time.perf_counter() - started)
        if report.first_ms is None or report.last_ms is None:
            _log.warning("No valid datapoints in a frame of %d rows (%s)", read.rows, read.reason)
            return report
        expr = series_expr(read.label_sets)
        report = replace(
            report,
            vmui_url=self._endpoint.vmui_url(expr, report.first_ms, report.last_ms),
            grafana_url=self._endpoint.grafana_url(expr, report.first_ms, report.last_ms),
        )
        _log.info(
            "wrote %d samples of %d series in %.3f s; %d dropped, %d undelivered",
            report.samples,
            report.series,
            report.elapsed_s,
            sum(report.dropped.values()),
            report.undelivered,
        )
        return report

    def _verify(self, read: FrameReading, report: WriteReport) -> WriteReport:
        findings = verify_blocks(read.blocks(), self._client, self._endpoint)
        report = replace(report, verification=findings.verification)
        if not findings.verification.ok:
            raise VerificationError(findings.describe(), report=report)
        return report


def to_import_lines(
    frame: pd.DataFrame | pd.Series,
    *,
    metric_format: Mapping[str, str] = DEFAULT_METRIC_FORMAT,
    **reading: Unpack[ReadingKeywords],
) -> Iterator[bytes]:
    r"""Format a frame as the lines of ``/api/v1/import``, for files and pipes.

    Parameters
    ----------
    frame : DataFrame or Series
        Wide, long or melted; it is not modified.
    metric_format : mapping of str to str
        The labels, with ``$VAR`` and ``$QUERY_KEY``.
    **reading
        How to read the frame: see :class:`~vm_df_writer.frames.reading.Reading`.

    Yields
    ------
    bytes
        One or more whole lines.

    Examples
    --------
    >>> index = pd.DatetimeIndex(["2026-01-01"], tz="UTC")
    >>> frame = pd.DataFrame({"y": [1.5]}, index=index)
    >>> b"".join(to_import_lines(frame, metric_format={"__name__": "vm_$VAR"}))
    b'{"metric":{"__name__":"vm_y"},"values":[1.5],"timestamps":[1767225600000]}\n'
    """
    read = read_frame(frame, metric_format=metric_format, reading=Reading.of(**reading))
    encoder = LineEncoder()
    return (
        chunk
        for block in read.blocks()
        for lines in encoder.encode(block)
        for chunk in lines.chunks()
    )
