"""How large the frames are, and how often each measurement is repeated."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "NORMAL", "SMALL", "Shape", "Sizes"]


@dataclass(frozen=True, slots=True)
class Shape:
    """Rows and series of a frame."""

    rows: int
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """One size of the whole benchmark.

    Attributes
    ----------
    name : str
        What the results call it.
    repetitions, few_repetitions : int
        Measurements of which the median is taken; `few_repetitions` of what takes long or hardly
        varies: CPU time, peaks, jobs, peers.
    wide, long, short_series : Shape
        The frames of the goals; the rows of `short_series` are the samples of each series.
    periodic_series : int
        Series of the frame with one row.
    peer_long, peer_wide : Shape
        The frames that all peers write.
    scaling_rows : tuple of int
        Rows for which the cost is measured.
    scaling_series, scaling_samples : tuple of int, int
        Series for which the cost is measured, and the samples that they share.
    memory_wide, memory_long : Shape
        The frames of the goals of memory; half the rows of `memory_wide` are measured too.
    memory_rows : tuple of int
        Rows for which every peer's memory is measured.
    end_to_end : Shape
        The frame that is sent to a server beside curl.
    server_wide : Shape
        The frame that peers send to a server, of which stages are timed, and which is sent by one
        or more connections.
    job_files : tuple of int
        Files of a job, row groups of each, and rows of these.
    """

    name: str
    repetitions: int
    few_repetitions: int
    wide: Shape
    long: Shape
    short_series: Shape
    periodic_series: int
    peer_long: Shape
    peer_wide: Shape
    scaling_rows: tuple[int, ...]
    scaling_series: tuple[int, ...]
    scaling_samples: int
    memory_wide: Shape
    memory_long: Shape
    memory_rows: tuple[int, ...]
    end_to_end: Shape
    server_wide: Shape
    job_files: tuple[int, int, int]


SMALL = Sizes(
    name="small",
    repetitions=1,
    few_repetitions=1,
    wide=Shape(200, 20),
    long=Shape(6_000, 60),
    short_series=Shape(5, 100),
    periodic_series=400,
    peer_long=Shape(1_200, 60),
    peer_wide=Shape(60, 20),
    scaling_rows=(1_000, 10_000),
    scaling_series=(1, 100),
    scaling_samples=1_000,
    memory_wide=Shape(2_000, 50),
    memory_long=Shape(20_000, 60),
    memory_rows=(),
    end_to_end=Shape(500, 20),
    server_wide=Shape(500, 20),
    job_files=(2, 2, 500),
)

NORMAL = Sizes(
    name="normal",
    repetitions=5,
    few_repetitions=3,
    wide=Shape(20_000, 250),
    long=Shape(3_000_000, 600),
    short_series=Shape(50, 20_000),
    periodic_series=200_000,
    peer_long=Shape(120_000, 600),
    peer_wide=Shape(2_000, 250),
    scaling_rows=(10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000),
    scaling_series=(1, 10, 100, 1_000, 10_000, 100_000),
    scaling_samples=1_000_000,
    memory_wide=Shape(140_000, 700),
    memory_long=Shape(10_000_000, 600),
    memory_rows=(100_000, 500_000),
    end_to_end=Shape(10_000, 400),
    server_wide=Shape(5_000, 100),
    job_files=(20, 10, 100_000),
)

FULL = Sizes(
    name="full",
    repetitions=9,
    few_repetitions=5,
    wide=NORMAL.wide,
    long=NORMAL.long,
    short_series=NORMAL.short_series,
    periodic_series=NORMAL.periodic_series,
    peer_long=NORMAL.long,
    peer_wide=NORMAL.wide,
    scaling_rows=(*NORMAL.scaling_rows, 10_000_000, 30_000_000),
    scaling_series=(*NORMAL.scaling_series, 1_000_000),
    scaling_samples=NORMAL.scaling_samples,
    memory_wide=NORMAL.memory_wide,
    memory_long=NORMAL.memory_long,
    memory_rows=(*NORMAL.memory_rows, 10_000_000),
    end_to_end=NORMAL.end_to_end,
    server_wide=NORMAL.end_to_end,
    job_files=(20, 10, 100_000),
)
