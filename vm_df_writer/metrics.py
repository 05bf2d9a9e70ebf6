"""Metrics of the writer itself, under vmanomaly's names and our own. Needs the extra `metrics`."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.verification import Verification
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["MetricsPush", "WriterMetrics"]

# Of vmanomaly's self-monitoring; its public alert rules and dashboard use these names and labels.
_LABELS = ("url", "query_key", "scheduler_alias", "preset")
_OWN_LABELS = ("scheduler_alias", "preset")

# vmanomaly's alert rules select `job=~".*vmanomaly.*"`, and group by `job` and `instance`.
_JOB = "vmanomaly_writer"

_PUSH_TIMEOUT = "5s"
_COUNTED = re.compile(r"[a-zA-Z0-9_:]+_(total|bucket|count|sum)(\{|$)")

_RESULTS = [result.name for result in fields(Verification) if result.name != "expected"]


class WriterMetrics:
    """Counts what writers do, for Prometheus, vmagent, or a push to ``/api/v1/import/prometheus``.

    One object serves any number of writers, also in several threads. Beside those of vmanomaly
    (``vmanomaly_writer_...``: the time of requests, their responses, bytes, samples and series)
    there are metrics of what only this library knows (``vm_df_writer_...``).

    Parameters
    ----------
    registry : CollectorRegistry, optional
        Where the metrics are registered, such as ``prometheus_client.REGISTRY``; by default a
        registry of its own.
    scheduler_alias, preset : str
        Labels of all metrics, as vmanomaly has them.

    Attributes
    ----------
    registry : CollectorRegistry
        For ``prometheus_client.start_http_server`` or ``write_to_textfile``.

    Raises
    ------
    ConfigError
        If prometheus-client is not installed, or the registry has such metrics already.

    Examples
    --------
    >>> metrics = WriterMetrics(scheduler_alias="nightly")
    >>> metrics.on_attempt(url="http://vm:8428", query_key="cpu", code="204", duration_s=0.02)
    >>> b'vmanomaly_writer_responses_total{code="204"' in metrics.exposition()
    True
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        scheduler_alias: str = "",
        preset: str = "",
    ) -> None:
        if find_spec("prometheus_client") is None:
            raise ConfigError(
                "metrics: prometheus-client is not installed; pip install 'vm_df_writer[metrics]'"
            )
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # an extra

        self.registry: CollectorRegistry = CollectorRegistry() if registry is None else registry
        self._of_all = (scheduler_alias, preset)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(name, text, labels, registry=self.registry)

        def own(name: str, text: str, *labels: str) -> Counter:
            return counter(f"vm_df_writer_{name}", text, *_OWN_LABELS, *labels)

        def histogram(name: str, text: str) -> Histogram:
            return Histogram(f"vmanomaly_writer_{name}", text, _LABELS, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(
                f"vm_df_writer_{name}", text, (*_OWN_LABELS, *labels), registry=self.registry
            )

        try:
            self._request_s = histogram(
                "request_duration_seconds",
                "Time of each request, also of those that fail or are repeated",
            )
            self._serialize_s = histogram(
                "request_serialize_seconds", "Time to make the import lines of each write"
            )
            self._responses = counter(
                "vmanomaly_writer_responses",
                "Requests by code: the status, or connection_error, timeout, ssl_error, io_error",
                *_LABELS,
                "code",
            )
            self._bytes = counter(
                "vmanomaly_writer_sent_bytes",
                "Acknowledged bytes, as they went over the wire",
                *_LABELS,
            )
            self._samples = counter(
                "vmanomaly_writer_datapoints_sent", "Acknowledged samples", *_LABELS
            )
            self._series = counter(
                "vmanomaly_writer_timeseries_sent",
                "Series of each write, when they were prepared",
                *_LABELS,
            )
            self._retries = own("retries", "Requests beyond the first of each body")
            self._in_doubt = own("in_doubt_bodies", "Bodies that may be stored twice")
            self._dropped = own(
                "dropped_samples", "Samples left out, by reason as in the report", "reason"
            )
            self._undelivered = own(
                "undelivered_samples",
                "Samples that a write could not deliver, also those in its spool",
            )
            self._verified = own(
                "verified_samples",
                "Samples of verified writes by result: found, missing, conflicting, ...",
                "result",
            )
            self._spool_files = gauge("spool_files", "Files in the spool folder")
            self._spool_bytes = gauge("spool_bytes", "Size of the files in the spool folder")
            self._job_parts = gauge(
                "job_parts", "Parts of a job by state: pending, sent, failed, ...", "state"
            )
            self._job_rows_left = gauge("job_rows_left", "Rows that a job has still to write")
        except ValueError as error:
            raise ConfigError(
                f"registry: it has metrics of a writer already ({error}); share one WriterMetrics "
                "among writers, or pass another registry"
            ) from None

        # A counter that is first seen at 5 has not increased: alerts need to see its zero.
        for silent in (self._retries, self._in_doubt, self._undelivered):
            silent.labels(*self._of_all)
        for result in _RESULTS:
            self._verified.labels(*self._of_all, result)

    def on_prepared(self, *, url: str, query_key: str, series: int, serialize_s: float) -> None:
        """Count the series of a write, and the time that making its lines took."""
        self._serialize_s.labels(url, query_key, *self._of_all).observe(serialize_s)
        self._series.labels(url, query_key, *self._of_all).inc(series)

    def on_attempt(self, *, url: str, query_key: str, code: str, duration_s: float) -> None:
        """Count a request, also one that failed."""
        self._request_s.labels(url, query_key, *self._of_all).observe(duration_s)
        self._responses.labels(url, query_key, *self._of_all, code).inc()

    def on_body(self, *, url: str, query_key: str, samples: int, bytes_sent: int) -> None:
        """Count what the server acknowledged."""
        self._samples.labels(url, query_key, *self._of_all).inc(samples)
        self._bytes.labels(url, query_key, *self._of_all).inc(bytes_sent)

    def on_write(self, report: WriteReport) -> None:
        """Count what only the report of a write knows."""
        self._retries.labels(*self._of_all).inc(report.retries)
        self._in_doubt.labels(*self._of_all).inc(report.in_doubt)
        self._undelivered.labels(*self._of_all).inc(report.undelivered)
        for reason, samples in report.dropped.items():
            self._dropped.labels(*self._of_all, reason).inc(samples)
        if report.verification is not None:
            for result in _RESULTS:
                samples = getattr(report.verification, result)
                self._verified.labels(*self._of_all, result).inc(samples)

    def on_spool(self, *, files: int, size_bytes: int) -> None:
        """Note what the spool folder holds."""
        self._spool_files.labels(*self._of_all).set(files)
        self._spool_bytes.labels(*self._of_all).set(size_bytes)

    def on_job(self, *, parts: Mapping[str, int], rows_left: int | None) -> None:
        """Note how far a job is: its parts by state."""
        for state, n_parts in parts.items():
            self._job_parts.labels(*self._of_all, state).set(n_parts)
        if rows_left is not None:
            self._job_rows_left.labels(*self._of_all).set(rows_left)

    def exposition(self) -> bytes:
        """Return the metrics of the registry in Prometheus' text format."""
        from prometheus_client import generate_latest  # an extra

        return generate_latest(self.registry)


class MetricsPush:
    """Pushes metrics to the server that samples are written to, for jobs too short to be scraped.

    They carry times, and a counter that was not pushed before begins with a zero at the time of
    the last push: else `increase()` would not see what a short job counted.

    Parameters
    ----------
    metrics : WriterMetrics
        What to push.
    config : WriterConfig
        The server, with its credentials and tenant.
    labels : mapping of str to str, optional
        Added to all series; by default ``job="vmanomaly_writer"``, which vmanomaly's alert rules
        select, and the name of this machine as ``instance``.
    clock : callable
        Seconds since 1970.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> MetricsPush(WriterMetrics(), config, {"job": "nightly"})
    MetricsPush('http://localhost:8428/api/v1/import/prometheus')
    """

    def __init__(
        self,
        metrics: WriterMetrics,
        config: WriterConfig,
        labels: Mapping[str, str] | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._metrics, self._clock = metrics, clock
        labels = {"job": _JOB, "instance": socket.gethostname()} | dict(labels or {})
        extra = urlencode([("extra_label", f"{name}={text}") for name, text in labels.items()])
        config = config.model_copy(
            update={
                "protocol": "import",
                "import_json_path": f"/api/v1/import/prometheus?{extra}",
                "timeout": _PUSH_TIMEOUT,
            }
        )
        self._endpoint = Endpoint.of(config)
        self._client = HttpClient(config, self._endpoint)
        self._pushed: set[str] = set()
        self._last_ms = self._now_ms()

    def push(self) -> None:
        """Push what the metrics are now.

        Raises
        ------
        DeliveryError
            If the server does not take them.
        """
        now_ms = max(self._now_ms(), self._last_ms + 1)
        samples = dict(self._samples())
        lines = [f"{name} 0 {self._last_ms}" for name in samples if self._is_new_counter(name)]
        lines += [f"{name} {value} {now_ms}" for name, value in samples.items()]
        self._client.post_import("\n".join([*lines, ""]).encode())
        self._pushed |= samples.keys()
        self._last_ms = now_ms

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _samples(self) -> Iterator[tuple[str, str]]:
        for line in self._metrics.exposition().decode().split("\n"):
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                yield name, value

    def _is_new_counter(self, name: str) -> bool:
        return name not in self._pushed and _COUNTED.match(name) is not None

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def __repr__(self) -> str:
        """Name where it goes, without credentials."""
        return f"MetricsPush({self._endpoint.import_url!r})"
