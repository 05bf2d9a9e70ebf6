"""Which series the scores are: their selectors, and how often samples come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import orjson

from vm_df_writer.display.text import did_you_mean, shown
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["ScoreSeries"]

_METRIC_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_MOST_LISTED = 10


@dataclass(frozen=True)
class ScoreSeries:
    """The series of scores.

    Attributes
    ----------
    selectors : sequence of str
        One for each metric name.
    step_s : float
        How far their samples are apart in seconds; 0 if that is not known.
    """

    selectors: Sequence[str]
    step_s: float = 0.0

    @classmethod
    def of(cls, scores: WriteReport | str, variable: str) -> Self:
        """Find them in a report, or take a metric name or a selector as it is.

        Raises
        ------
        ConfigError
            If there are none.

        Examples
        --------
        >>> ScoreSeries.of("anomaly score", "").selectors
        ['{__name__="anomaly score"}']
        """
        if isinstance(scores, WriteReport):
            return cls._of_report(scores, variable)
        if not isinstance(scores, str) or not scores.strip():
            raise ConfigError(
                "alert_rules: expected a WriteReport, the name of a metric or a selector, got "
                f"{shown(scores)}; pass for example 'vmanomaly_anomaly_score'"
            )
        if scores.rstrip().endswith("}"):
            return cls([scores])
        return cls([_shortened(exact_selector({"__name__": scores}))])

    @classmethod
    def _of_report(cls, report: WriteReport, variable: str) -> Self:
        counts = SampleCounts.concat((*report.acknowledged_counts, *report.undelivered_counts))
        per_series = counts.per_series()
        label_sets: list[dict[str, str]] = [orjson.loads(labels) for labels in per_series.index]
        is_score = np.array([_is_of(variable, labels) for labels in label_sets], bool)
        if not is_score.any():
            is_score = np.array([variable in labels["__name__"] for labels in label_sets], bool)
        if not is_score.any():
            names = sorted({labels["__name__"] for labels in label_sets})
            listed = ", ".join(names[:_MOST_LISTED]) or "none, since it is empty or a summary"
            raise ConfigError(
                f"alert_rules: no series of the report is of the variable {variable!r} (there "
                f"are: {listed}); name yours with variable=, or pass the name of the metric"
                + did_you_mean(variable, names)
            )
        scored = per_series[is_score]
        spans_ms = (scored["last_ms"] - scored["first_ms"]).to_numpy(float)
        steps = np.maximum(scored["samples"].to_numpy() - 1, 1)
        shared = shared_selectors(
            labels for labels, there in zip(label_sets, is_score, strict=True) if there
        )
        return cls(
            [_shortened(selector) for selector in shared], float(np.median(spans_ms / steps)) / 1000
        )


def _is_of(variable: str, labels: Mapping[str, str]) -> bool:
    """Say whether a label is the variable, or the metric name has it as whole words.

    Examples
    --------
    >>> [
    ...     _is_of("yhat", {"__name__": name})
    ...     for name in ("vmanomaly_yhat", "yhat_lower", "my_yhats")
    ... ]
    [True, False, False]
    """
    whole = rf"(?<![A-Za-z0-9]){re.escape(variable)}(?![A-Za-z0-9_])"
    return variable in labels.values() or re.search(whole, labels["__name__"]) is not None


def _shortened(selector: str) -> str:
    """Write the metric name in front, as people do, where it can stand there.

    Examples
    --------
    >>> _shortened('{__name__="up",job="a"}'), _shortened('{__name__="up"}')
    ('up{job="a"}', 'up')
    """
    found = re.fullmatch(rf'\{{__name__="({_METRIC_NAME.pattern})",?(.*)\}}', selector)
    if found is None:
        return selector
    name, others = found.groups()
    return f"{name}{{{others}}}" if others else name
