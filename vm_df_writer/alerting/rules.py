"""Alert rules for scores, as a value that becomes the YAML of vmalert and Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vm_df_writer.alerting.durations import duration_text, read_duration
from vm_df_writer.alerting.score_series import ScoreSeries
from vm_df_writer.config.yaml_file import dump_yaml
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.report import WriteReport

__all__ = ["AlertRule", "AlertRules", "alert_rules"]

# How long vmalert and VictoriaMetrics themselves go on seeing a sample, where it has no successor.
_SHORTEST_WINDOW_S = 300.0
_SHORTEST_STALE_S = 900.0
_SHORTEST_LAG_S = 86_400.0

_FAILED_SHARE = 0.05
_RESPONSES = "vmanomaly_writer_responses_total"


@dataclass(frozen=True, kw_only=True)
class AlertRule:
    """One alert, in the words of vmalert.

    Attributes
    ----------
    alert : str
        Its name.
    expr : str
        MetricsQL; the alert is active for each series that this returns.
    for_ : str
        How long it has to be active until it fires.
    labels, annotations : mapping of str to str
        What is added to the alert; annotations may use the templates of vmalert.
    """

    alert: str
    expr: str
    for_: str = "0s"
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as it stands in a rule file."""
        rule = {"alert": self.alert, "expr": self.expr, "for": self.for_}
        more = {"labels": dict(self.labels), "annotations": dict(self.annotations)}
        return rule | {name: texts for name, texts in more.items() if texts}


@dataclass(frozen=True, kw_only=True)
class AlertRules:
    """A group of alerts that are evaluated together.

    Attributes
    ----------
    name : str
        The name of the group.
    interval : str
        How often the rules are evaluated.
    rules : sequence of AlertRule
        The alerts.
    selectors : sequence of str
        The series of scores that the rules are about; empty if that is not known.

    Examples
    --------
    >>> rule = AlertRule(alert="ScoreHigh", expr="anomaly_score > 1", for_="5m")
    >>> print(AlertRules(name="scores", rules=[rule]))
    groups:
    - name: scores
      interval: 1m
      rules:
      - alert: ScoreHigh
        expr: anomaly_score > 1
        for: 5m
    """

    name: str
    interval: str = "1m"
    rules: Sequence[AlertRule]
    selectors: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse an interval that is none."""
        if read_duration("interval", self.interval) == 0:
            raise ConfigError("interval: expected a duration above zero, got '0s'; pass '1m'")

    def to_dict(self) -> dict[str, Any]:
        """Return the group as it stands in a rule file."""
        rules = [rule.to_dict() for rule in self.rules]
        return {"groups": [{"name": self.name, "interval": self.interval, "rules": rules}]}

    def to_yaml(self) -> str:
        """Return a rule file for vmalert or Prometheus."""
        return dump_yaml(self.to_dict())

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return f"<AlertRules {self.name!r}: {', '.join(rule.alert for rule in self.rules)}>"

    def __str__(self) -> str:
        """Return the rule file."""
        return self.to_yaml().rstrip("\n")


def alert_rules(
    scores: WriteReport | str,
    *,
    threshold: float = 1.0,
    for_: str = "5m",
    stale_after: str | None = None,
    interval: str = "1m",
    variable: str = "anomaly_score",
    labels: Mapping[str, str] | None = None,
    name: str = "anomaly-scores",
) -> AlertRules:
    """Make alert rules for scores that were written.

    ``AnomalyScoreHigh``
        A series is above the threshold.
    ``AnomalyScoresStale``
        No series of a query has got a new score for a while.
    ``WriterErrors``
        More than 5 % of the requests of a writer fail, by the metrics of
        :class:`~vm_df_writer.metrics.WriterMetrics`.
    ``WriterLosesSamples``
        Samples of a writer were not delivered, or were missing when they were read back.

    Parameters
    ----------
    scores : WriteReport or str
        What was written: the rules are about the metrics of its scores, and the labels that all
        of these have. Or the name of a metric, or a whole selector such as ``score{job="a"}``.
    threshold : float, default 1
        Scores above it are anomalies.
    for_ : str, default "5m"
        How long a score has to stay above it; ``"0s"`` for a single sample.
    stale_after : str, optional
        How old the newest score may be: by default 15 minutes, and five times the distance of
        the samples in the report.
    interval : str, default "1m"
        How often the rules are evaluated.
    variable : str, default "anomaly_score"
        The variable of the scores, where it is not called as vmanomaly calls it.
    labels : mapping of str to str, optional
        What alerts carry, for their routing; by default ``severity: warning``.
    name : str
        The name of the group.

    Returns
    -------
    AlertRules

    Raises
    ------
    ConfigError
        If a duration is none, or the report has no scores.

    Examples
    --------
    >>> rules = alert_rules('vmanomaly_anomaly_score{for="cpu"}', threshold=2)
    >>> rules.rules[0].expr
    'last_over_time(vmanomaly_anomaly_score{for="cpu"}[5m]) > 2'
    """
    series = ScoreSeries.of(scores, variable)
    window = duration_text(max(_SHORTEST_WINDOW_S, 2 * series.step_s))
    stale_s = max(_SHORTEST_STALE_S, 5 * series.step_s)
    if stale_after is not None:
        stale_s = read_duration("stale_after", stale_after)
    # How far back a sample is looked for: the alert ends by itself after that.
    lag_window = duration_text(max(_SHORTEST_LAG_S, 4 * stale_s))
    texts = dict(labels) if labels is not None else {"severity": "warning"}
    high = AlertRule(
        alert="AnomalyScoreHigh",
        expr=" or ".join(
            f"last_over_time({selector}[{window}]) > {threshold:.12g}"
            for selector in series.selectors
        ),
        for_=duration_text(read_duration("for_", for_)),
        labels=texts,
        annotations={
            "summary": f'Anomaly score {{{{ $value | printf "%.2f" }}}} is above {threshold:.12g}',
            "description": "Series: {{ $labels }}",
        },
    )
    stale = AlertRule(
        alert="AnomalyScoresStale",
        # One alert for a query, not one for each of its series: these may have come to an end.
        expr=" or ".join(
            f"min(lag({selector}[{lag_window}])) by (for) > {stale_s:.12g}"
            for selector in series.selectors
        ),
        for_=duration_text(read_duration("interval", interval)),
        labels=texts,
        annotations={
            "summary": "The newest anomaly score is {{ $value | humanizeDuration }} old",
            "description": "Does the job that scores still run? Does it get data?",
        },
    )
    return AlertRules(
        name=name,
        interval=interval,
        rules=(high, stale, *_writer_rules(texts)),
        selectors=series.selectors,
    )


def _writer_rules(labels: Mapping[str, str]) -> tuple[AlertRule, AlertRule]:
    by = "by (job, instance)"
    errors = AlertRule(
        alert="WriterErrors",
        expr=(
            f'sum(rate({_RESPONSES}{{code!~"2.."}}[5m])) {by} '
            f"/ sum(rate({_RESPONSES}[5m])) {by} > {_FAILED_SHARE:g}"
        ),
        for_="15m",
        labels=labels,
        annotations={
            "summary": "{{ $value | humanizePercentage }} of the requests that write scores fail",
            "description": f"See {_RESPONSES} by code, and the log of {{{{ $labels.job }}}}",
        },
    )
    loses = AlertRule(
        alert="WriterLosesSamples",
        expr=(
            f"sum(increase(vm_df_writer_undelivered_samples_total[15m])) {by} > 0 or "
            f'sum(increase(vm_df_writer_verified_samples_total{{result=~"missing|mismatched"}}[15m]'
            f")) {by} > 0"
        ),
        labels=labels,
        annotations={
            "summary": '{{ $value | printf "%.0f" }} samples were not stored',
            "description": "See the report of the write; samples may be in the spool folder",
        },
    )
    return errors, loses
