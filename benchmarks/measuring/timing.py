"""Timing: alternating repetitions, medians and ratios."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median

__all__ = ["Comparison", "Timing", "alternate", "drain", "timed"]


@dataclass(frozen=True, slots=True)
class Timing:
    """The repetitions of one thing, in the order in which they ran.

    Attributes
    ----------
    seconds : tuple of float
        One duration per repetition.
    """

    seconds: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The median."""
        return median(self.seconds)

    @property
    def fastest_s(self) -> float:
        """The shortest repetition."""
        return min(self.seconds)

    @property
    def slowest_s(self) -> float:
        """The longest repetition."""
        return max(self.seconds)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Something and its yardstick, timed in turns.

    Attributes
    ----------
    case, yardstick : str
        What was timed, and against what.
    n_samples : int
        Samples of each repetition.
    ours, theirs : Timing
        The two durations.
    goal : float
        What the ratio shall not exceed.
    """

    case: str
    yardstick: str
    n_samples: int
    ours: Timing
    theirs: Timing
    goal: float

    @property
    def ratio(self) -> float:
        """Our median by theirs."""
        return self.ours.median_s / self.theirs.median_s

    @property
    def is_met(self) -> bool:
        """Whether the ratio does not exceed the goal."""
        return self.ratio <= self.goal

    @property
    def ratio_spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of two neighbouring repetitions."""
        pairs = zip(self.ours.seconds, self.theirs.seconds, strict=True)
        ratios = [ours / theirs for ours, theirs in pairs]
        return min(ratios), max(ratios)


def drain(pieces: Callable[[], Iterable[object]]) -> Callable[[], None]:
    """Return a function that takes all pieces as they come and keeps none."""

    def run() -> None:
        for _ in pieces():
            pass

    return run


def timed(
    run: Callable[[], object], *, clock: Callable[[], float] = time.perf_counter
) -> Callable[[], float]:
    """Return a function that runs `run` and returns how long it took, in seconds of a clock."""

    def measure() -> float:
        start = clock()
        run()
        return clock() - start

    return measure


def alternate(
    measures: Mapping[str, Callable[[], float]],
    repetitions: int,
    *,
    settle: Callable[[], object] = gc.collect,
    unmeasured: int = 1,
) -> dict[str, Timing]:
    """Measure several things in turns, so that what disturbs the machine disturbs them alike.

    Every other round goes backwards.

    Parameters
    ----------
    measures : mapping of str to callable
        Each returns its own duration in seconds.
    repetitions : int
        Rounds that count.
    settle : callable
        Runs before each measurement and is not measured.
    unmeasured : int
        Rounds before these, which warm up what the measured ones share.

    Examples
    --------
    >>> timings = alternate({"a": lambda: 1.0, "b": lambda: 2.0}, 3)
    >>> timings["a"].seconds, timings["b"].median_s
    ((1.0, 1.0, 1.0), 2.0)
    """
    seconds: dict[str, list[float]] = {name: [] for name in measures}
    names = list(measures)
    for repetition in range(unmeasured + repetitions):
        for name in names if repetition % 2 else reversed(names):
            settle()
            duration = measures[name]()
            if repetition >= unmeasured:
                seconds[name].append(duration)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}
