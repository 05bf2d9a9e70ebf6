"""vmalert's replay: rules -> the alerts that they would have raised on what a server holds."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import orjson

from vm_df_writer.alerting.durations import read_duration
from vm_df_writer.alerting.judgement import Intervals, runs
from vm_df_writer.alerting.rules import AlertRules
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import ConfigError
from vm_df_writer.local import LocalVictoriaMetrics, ServerNotInstalled, find_program
from vm_df_writer.operations.queries.read import matching_series
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.wire.metricsql import moment_text
from vm_df_writer.writer import VmWriter

__all__ = ["SERVER_FLAGS", "finds_series", "replay_rules", "require_vmalert"]

# All points of a rule have to come in one answer: vmalert forgets between two of them for how
# long an alert has been pending.
SERVER_FLAGS = (
    "-search.maxPointsPerTimeseries=100000000",
    "-search.maxQueryDuration=1h",
    "-search.disableCache",
)
_ERROR_CHARS = 1000
_FIRING = 'ALERTS{alertstate="firing"}'
_OF_ALERTS = ("__name__", "alertstate", "alertgroup")


def require_vmalert() -> str:
    """Return the path of vmalert.

    Raises
    ------
    ServerNotInstalled
        If there is none.
    """
    program = find_program("vmalert")
    if program is None:
        raise ServerNotInstalled(
            "backtest: there is no vmalert or vmalert-prod on the PATH; install the Debian package "
            "victoria-metrics, or vmutils of VictoriaMetrics' releases"
        )
    return program


def replay_rules(
    rules: AlertRules, server: LocalVictoriaMetrics, first_ms: int, last_ms: int
) -> list[Intervals]:
    """Evaluate rules at all times between two, and return when which alert fired.

    Parameters
    ----------
    rules : AlertRules
        The rules.
    server : LocalVictoriaMetrics
        Started with `SERVER_FLAGS`; the alerts are written to it.
    first_ms, last_ms : int
        From when to when.

    Raises
    ------
    ConfigError
        If vmalert refuses the rules; its words are in the message.
    """
    interval_ms = round(read_duration("interval", rules.interval) * 1000)
    from_ms, to_ms = first_ms // interval_ms * interval_ms, last_ms + interval_ms
    with TemporaryDirectory(prefix="vm-df-writer-") as folder:
        path = Path(folder, "rules.yml")
        path.write_text(rules.to_yaml(), encoding="utf-8")
        command = [
            require_vmalert(),
            f"-rule={path}",
            *(f"-{use}.url={server.url}" for use in ("datasource", "remoteWrite", "remoteRead")),
            "-datasource.queryStep=0",  # the interval of the rules; else it is five minutes
            f"-replay.timeFrom={_rfc3339(from_ms)}",
            f"-replay.timeTo={_rfc3339(to_ms)}",
            # Exactly: vmalert multiplies this by the interval, and is silent if that overflows.
            f"-replay.maxDatapointsPerQuery={(to_ms - from_ms) // interval_ms + 2}",
            "-replay.rulesDelay=0s",
            "-replay.disableProgressBar",
        ]
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    if done.returncode:
        raise ConfigError(
            f"backtest: vmalert does not take the rules: {_last_words(done.stderr)}; correct them"
        )
    server.restart()  # the one way that makes every version show at once what it took
    with VmWriter(server.url) as writer:
        found = matching_series(writer.backend, _FIRING, ReadOptions(), start=from_ms, end=to_ms)
    return [_firings_of(series, interval_ms) for series in found]


def finds_series(backend: Backend, selectors: Sequence[str], first_ms: int, last_ms: int) -> bool:
    """Tell whether a server has a series that one of the selectors is about."""
    query = [("match[]", selector) for selector in selectors]
    query += [("start", moment_text(first_ms)), ("end", moment_text(last_ms))]
    answer = backend.client.get(backend.endpoint.read_url("/api/v1/series"), query)
    return bool(orjson.loads(answer)["data"])


def _firings_of(series: SeriesSamples, interval_ms: int) -> Intervals:
    labels = {"alertname": series.labels["alertname"]} | {
        name: value for name, value in series.labels.items() if name not in _OF_ALERTS
    }
    times_ms = np.unique(series.timestamps_ms)
    active = np.ones(len(times_ms), bool)
    return Intervals(labels, *runs(times_ms, active, longest_gap_ms=interval_ms))


def _last_words(log: str) -> str:
    """Return what a log ends with, without time, level and place of its line."""
    last = log.strip().rpartition("\n")[2]
    return last.rpartition("\t")[2][:_ERROR_CHARS]


def _rfc3339(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC).isoformat()
