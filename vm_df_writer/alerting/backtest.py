"""Backtests: when alerts would have fired, and how often they would have been right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import pandas as pd

from vm_df_writer.alerting.judgement import Intervals, interval_frame, overlaps
from vm_df_writer.alerting.rules import AlertRules
from vm_df_writer.alerting.truth import read_truth
from vm_df_writer.alerting.vmalert import (
    SERVER_FLAGS,
    finds_series,
    replay_rules,
    require_vmalert,
)
from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords
from vm_df_writer.display.html import facts_table
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.text import counted, describe_seconds
from vm_df_writer.errors import ConfigError, FrameError
from vm_df_writer.frames.labels.metric_format import DEFAULT_METRIC_FORMAT
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.writer import VmWriter

__all__ = ["Backtest", "backtest"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Backtest:
    """What alerts would have done.

    Attributes
    ----------
    firings : DataFrame
        A row for each time that an alert fired: `alertname`, the labels of the alert, `start` and
        `end` (its first and last evaluation as firing, UTC); with a truth also `hit`: whether
        something happened then.
    events : DataFrame or None
        A row for each thing that truly happened: labels, `start`, `end`, `found`, and `delay`
        from its start to the first firing. None without a truth.
    alert : str
        The alert that precision and recall judge.
    """

    firings: pd.DataFrame
    events: pd.DataFrame | None = None
    alert: str = "AnomalyScoreHigh"

    @kept_attribute
    def _judged(self) -> pd.DataFrame:
        return self.firings[self.firings["alertname"] == self.alert]

    @property
    def precision(self) -> float:
        """Share of the firings during which something happened; NaN if none is known."""
        if self.events is None or self._judged.empty:
            return float("nan")
        return float(self._judged["hit"].mean())

    @property
    def recall(self) -> float:
        """Share of what happened during which the alert fired; NaN if nothing did."""
        if self.events is None or self.events.empty:
            return float("nan")
        return float(self.events["found"].mean())

    def _facts(self) -> dict[str, Any]:
        counts = self.firings["alertname"].value_counts(sort=False)
        facts: dict[str, Any] = {
            "fired": ", ".join(f"{name} {counted(n, 'time')}" for name, n in counts.items())
            or "never"
        }
        if self.events is not None:
            judged, events = self._judged, self.events
            found, hits = int(events["found"].sum()), int(judged["hit"].sum())
            facts["precision"] = f"{self.precision:.3f} ({hits:,} of {len(judged):,} firings)"
            facts["recall"] = f"{self.recall:.3f} ({found:,} of {len(events):,} events)"
            if found:
                median_s = events["delay"].dt.total_seconds().median()
                facts["median delay"] = describe_seconds(median_s)
        return facts

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return f"<Backtest: {', '.join(f'{name} {fact}' for name, fact in self._facts().items())}>"

    def __str__(self) -> str:
        """Return a table of plain text."""
        return "\n".join(f"{name:<13} {value}" for name, value in self._facts().items())

    def _repr_html_(self) -> str:
        return facts_table(f"vm_df_writer: backtest of {self.alert}", self._facts())


@spelled_out(READING_KEYWORDS)
def backtest(
    rules: AlertRules,
    frame: pd.DataFrame | pd.Series,
    *,
    truth: str | pd.DataFrame | None = None,
    metric_format: Mapping[str, str] = DEFAULT_METRIC_FORMAT,
    alert: str = "AnomalyScoreHigh",
    **reading: Unpack[ReadingKeywords],
) -> Backtest:
    """Tell when alerts would have fired on the scores of a frame.

    The frame is written to a throw-away server, on which vmalert replays the rules. Needs the
    programs of VictoriaMetrics on this machine, vmalert among them.

    Parameters
    ----------
    rules : AlertRules
        From :func:`alert_rules`, or of your own.
    frame : DataFrame or Series
        As for :meth:`VmWriter.write`.
    truth : str or DataFrame, optional
        What truly happened: a variable of the frame (0 or 1, or booleans), such as the column
        ``"is_anomaly"``; or intervals, as a frame with the columns `start` and `end`, and with
        labels where not all series are meant.
    metric_format : mapping of str to str
        As that of the writer whose scores the rules are for.
    alert : str, default "AnomalyScoreHigh"
        The alert that is judged by the truth.
    **reading
        As for :meth:`VmWriter.write`, `query_key` and `labels` among them.

    Returns
    -------
    Backtest

    Raises
    ------
    FrameError
        If the frame or the truth cannot be read.
    ConfigError
        If vmalert refuses the rules, or they are about other series than the frame makes.
    ServerNotInstalled
        If vmalert or the server is not there.

    Examples
    --------
    >>> rules = alert_rules("anomaly_score", for_="5m")  # doctest: +SKIP
    >>> print(backtest(rules, frame, truth="is_anomaly", query_key="cpu"))  # doctest: +SKIP
    fired         AnomalyScoreHigh 3 times
    precision     0.667 (2 of 3 firings)
    recall        1.000 (2 of 2 events)
    median delay  5 min
    """
    require_vmalert()
    if alert not in (names := [rule.alert for rule in rules.rules]):
        raise ConfigError(f"alert: {alert!r} is none of the rules (there are: {', '.join(names)})")
    events = None if truth is None else read_truth(truth, frame, metric_format, reading)
    with (
        LocalVictoriaMetrics(flags=SERVER_FLAGS) as server,
        VmWriter(server.url, metric_format=dict(metric_format)) as writer,
    ):
        report = writer.write(frame, verify=True, progress=False, **reading)
        if report.first_ms is None or report.last_ms is None:
            raise FrameError("backtest: the frame has no valid sample; check it with preview")
        span_ms = report.first_ms, report.last_ms
        if rules.selectors and not finds_series(writer.backend, rules.selectors, *span_ms):
            series = next(iter(report.acknowledged_counts)).label_sets[0].decode()
            raise ConfigError(
                f"backtest: the rules are about {' and '.join(rules.selectors)}, and the frame "
                f"makes no such series (its first is {series}); pass the metric_format=, "
                "query_key= and labels= that its scores are written with"
            )
        firings = replay_rules(rules, server, *span_ms)
    return _judge(firings, events, alert)


def _judge(firings: list[Intervals], events: list[Intervals] | None, alert: str) -> Backtest:
    if events is None:
        return Backtest(firings=interval_frame([(f, {}) for f in firings]), alert=alert)
    judged = [firing for firing in firings if firing.labels["alertname"] == alert]
    parts: list[tuple[Intervals, Mapping[str, Any]]] = []
    for event in events:
        found, first_ms = overlaps(event, judged)
        late_ms = np.maximum(first_ms - event.starts_ms, 0)
        parts.append((event, {"found": found, "delay": pd.to_timedelta(late_ms, unit="ms")}))
    return Backtest(
        firings=interval_frame([(f, {"hit": overlaps(f, events)[0]}) for f in firings]),
        events=interval_frame(parts),
        alert=alert,
    )
