"""What ``vm-df-writer demo`` writes and reads back: two seasonal metrics of a few dozen hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from operator import add
from typing import Literal

import numpy as np
import pandas as pd

from vm_df_writer.model.series import FloatArray
from vm_df_writer.operations.plots.plotted_series import VMANOMALY_VARIABLES
from vm_df_writer.writer import VmWriter

__all__ = [
    "METRIC_FORMAT",
    "Detection",
    "Event",
    "Metric",
    "detect",
    "make_metrics",
    "make_values",
    "read_back",
    "score",
    "to_long",
    "to_wide",
]

METRIC_FORMAT = {"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY"}


_MINUTES_PER_DAY = 24 * 60


@dataclass(frozen=True)
class Event:
    """An anomaly that was put into a metric on purpose.

    Attributes
    ----------
    host : str
        The host whose metric is disturbed.
    first, last : Timestamp
        The first and the last disturbed minute.
    """

    host: str
    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True, eq=False)
class Metric:
    """A scored metric, ready to be written, and the anomalies that were put into it."""

    query_key: str
    layout: Literal["wide", "long"]
    frame: pd.DataFrame
    events: Sequence[Event]


def make_metrics(end: pd.Timestamp, *, days: int, hosts: int) -> list[Metric]:
    """Make and score two metrics, one as a wide frame and one as a long frame.

    Examples
    --------
    >>> end = pd.Timestamp("2026-01-08", tz="UTC")
    >>> [metric.frame.shape for metric in make_metrics(end, days=2, hosts=3)]
    [(2880, 15), (8640, 7)]
    """
    cpu, cpu_events = make_values(end, days=days, hosts=hosts, level=40.0, seed=1)
    latency, latency_events = make_values(end, days=days, hosts=hosts, level=120.0, seed=2)
    return [
        Metric("cpu_usage", "wide", to_wide(score(cpu)), cpu_events),
        Metric("request_latency", "long", to_long(score(latency)), latency_events),
    ]


def make_values(
    end: pd.Timestamp, *, days: int, hosts: int, level: float, seed: int
) -> tuple[pd.DataFrame, list[Event]]:
    """Make a metric with a daily season, and put an anomaly into every third host.

    Parameters
    ----------
    end : Timestamp
        The last minute.
    days, hosts : int
        How many of them.
    level : float
        Its approximate mean.
    seed : int
        The same seed gives the same values.

    Returns
    -------
    frame : DataFrame
        One row a minute, one column a host.
    events : list of Event
        The anomalies.

    Examples
    --------
    >>> end = pd.Timestamp("2026-01-08", tz="UTC")
    >>> frame, events = make_values(end, days=7, hosts=3, level=40.0, seed=1)
    >>> frame.shape, len(events), frame.index[-1] == end
    ((10080, 3), 1, True)
    """
    rng = np.random.default_rng(seed)
    index = pd.date_range(end=end, periods=days * _MINUTES_PER_DAY, freq="1min", name="time")
    phase = 2 * np.pi * np.arange(len(index)) / _MINUTES_PER_DAY
    bases = level * rng.uniform(0.8, 1.2, hosts)
    shifts = rng.normal(0.0, 0.15, hosts)
    day = np.sin(phase[:, None] + shifts) + 0.3 * np.sin(2 * phase[:, None] + 1.0 + shifts)
    noise = rng.normal(0.0, 0.04 * level, (len(index), hosts))
    names = [f"{('web', 'db', 'cache')[i % 3]}-{i // 3 + 1:02d}" for i in range(hosts)]
    frame = pd.DataFrame(bases * (1.0 + 0.35 * day) + noise, index=index, columns=names)
    events = []
    for name in rng.permutation(names)[: max(1, hosts // 3)].tolist():
        length = int(rng.integers(20, 240))
        start = int(rng.integers(0, len(index) - length))
        rows = slice(start, start + length)
        frame.loc[frame.index[rows], name] += (
            _disturbance(rng, length) * level * rng.uniform(0.1, 0.8)
        )
        events.append(Event(name, index[start], index[start + length - 1]))
    return frame.clip(lower=0.0), events


def _disturbance(rng: np.random.Generator, length: int) -> FloatArray:
    """Return a step up or down, a ramp or a burst."""
    shapes = (
        np.full(length, rng.choice([1.0, -1.0])),
        np.linspace(0.0, 1.0, length),
        rng.normal(0.0, 0.5, length),
    )
    return shapes[rng.integers(len(shapes))]


def score(y: pd.DataFrame, *, threshold: float = 6.0) -> dict[str, pd.DataFrame]:
    """Score a metric by a robust z-score around its daily season.

    Parameters
    ----------
    y : DataFrame
        One row a minute, one column a host.
    threshold : float
        How many deviations from the season are an anomaly; there the score is 1.

    Returns
    -------
    dict of str to DataFrame
        The outputs by variable, each like `y`.

    Examples
    --------
    >>> index = pd.date_range("2026-01-01", periods=3 * 1440, freq="1min", tz="UTC")
    >>> y = pd.DataFrame({"web-01": np.arange(3 * 1440) % 2.0}, index=index)
    >>> y.iloc[2000] = 50.0
    >>> score(y)["anomaly_score"].idxmax().item() == index[2000]
    True
    """
    clock = pd.DatetimeIndex(y.index)
    season = y.groupby(clock.hour * 60 + clock.minute).transform("median")
    yhat = season.rolling(45, center=True, min_periods=1).mean()
    residual = y - yhat
    width = threshold * 1.4826 * residual.abs().median()
    return {
        "anomaly_score": residual.abs() / width,
        "y": y,
        "yhat": yhat,
        "yhat_lower": yhat - width,
        "yhat_upper": yhat + width,
    }


def to_wide(outputs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each minute, and a column for each variable and host."""
    return pd.concat(outputs, axis=1, names=["var", "host"])


def to_long(outputs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a row for each minute and host, and a column for each variable."""
    return to_wide(outputs).stack("host", future_stack=True).reset_index()  # noqa: PD013


def read_back(
    writer: VmWriter, query_key: str, run: str, start: pd.Timestamp, end: pd.Timestamp
) -> dict[str, pd.DataFrame]:
    """Read a run of the demo from the server; return the outputs as :func:`score` does."""
    selector = f'{{for="{query_key}",run="{run}"}}'
    long = writer.read(selector, start=start, end=end, layout="long").astype({"host": str})
    return {
        var: long.pivot(index="time", columns="host", values=var)  # noqa: PD010 - one value a cell
        for var in VMANOMALY_VARIABLES
    }


@dataclass(frozen=True)
class Detection:
    """How well scores find the anomalies that were put in.

    Attributes
    ----------
    events, found : int
        Anomalies that were put in, and those of them with a score above 1.
    others, false_alarms : int
        Samples outside of them, and those of these with a score above 1.
    """

    events: int
    found: int
    others: int
    false_alarms: int

    def __add__(self, other: Detection) -> Detection:
        """Add up the counts of two metrics."""
        return Detection(*map(add, astuple(self), astuple(other)))

    def __str__(self) -> str:
        """Return a sentence."""
        return (
            f"{self.found} of {self.events} injected anomalies score above 1, and so do "
            f"{self.false_alarms:,} of {self.others:,} other samples"
        )


def detect(scores: pd.DataFrame, events: Sequence[Event]) -> Detection:
    """Compare scores with the anomalies that were put in.

    Parameters
    ----------
    scores : DataFrame
        The anomaly score of each host.
    events : sequence of Event
        The anomalies.

    Examples
    --------
    >>> index = pd.date_range("2026-01-01", periods=4, freq="1min", tz="UTC")
    >>> scores = pd.DataFrame({"a": [0.1, 3.0, 0.2, 1.5]}, index=index)
    >>> detect(scores, [Event("a", index[0], index[1])])
    Detection(events=1, found=1, others=2, false_alarms=1)
    """
    alarms = scores > 1
    injected = pd.DataFrame(data=False, index=scores.index, columns=scores.columns)
    for event in events:
        injected.loc[event.first : event.last, event.host] = True
    return Detection(
        events=len(events),
        found=sum(bool(alarms.loc[e.first : e.last, e.host].any()) for e in events),
        others=int((~injected).to_numpy().sum()),
        false_alarms=int((alarms & ~injected).to_numpy().sum()),
    )
