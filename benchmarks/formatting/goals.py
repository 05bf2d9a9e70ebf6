"""Formatting against its yardsticks: the goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from benchmarks.measuring.frames import (
    METRIC_FORMAT,
    VALUE_COLUMNS,
    Input,
    long_frame,
    periodic_frame,
    short_series_long,
    short_series_wide,
    wide_frame,
)
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, alternate, drain, timed
from benchmarks.peers.polars_lines import lines_of_long
from benchmarks.peers.yardsticks import dict_loop, orjson_columns, orjson_once
from vm_df_writer import VmWriter

__all__ = ["Race", "compare_formatting"]


@dataclass(frozen=True)
class _Case:
    name: str
    yardstick: str
    goal: float
    build: Callable[[], Race]


@dataclass(frozen=True)
class Race:
    """Something and its yardstick, on one frame."""

    n_samples: int
    ours: Callable[[], object]
    theirs: Callable[[], object]


def compare_formatting(sizes: Sizes) -> Iterator[Comparison | str]:
    """Yield each case with its yardstick; a text where the yardstick is not installed."""
    for case in _cases(sizes):
        try:
            race = case.build()
        except NotInstalledError as error:
            yield f"{case.name}: {error}"
            continue
        timings = alternate(
            {"ours": timed(race.ours), "theirs": timed(race.theirs)}, sizes.repetitions
        )
        yield Comparison(
            case.name, case.yardstick, race.n_samples, timings["ours"], timings["theirs"], case.goal
        )


def _cases(sizes: Sizes) -> list[_Case]:
    wide = f"wide {sizes.wide.rows:,} x {sizes.wide.series}"
    long = f"long {sizes.long.rows:,} rows, {sizes.long.series} series"
    periodic = f"wide {sizes.periodic_series:,} series of one sample, three labels"
    short = f"{sizes.short_series.series:,} series of {sizes.short_series.rows} samples"
    each = "orjson.dumps of each column and of the timestamps"
    once = "orjson.dumps of all values and of a timestamp for each, in one call each"
    loop = "a loop of dict and orjson.dumps"
    polars = "polars group_by and write_ndjson on two cores, from a polars frame"
    return [
        _Case(f"{wide}, no gaps", each, 1.15, lambda: _against_columns(wide_frame(sizes.wide))),
        _Case(
            f"{wide}, 1 % NaN",
            each,
            2.2,
            lambda: _against_columns(wide_frame(sizes.wide, gaps=0.01)),
        ),
        _Case(f"{long}, one value", polars, 0.7, lambda: _against_polars(long_frame(sizes.long))),
        _Case(
            f"{long}, five values",
            f"{polars}, once for each value",
            0.5,
            lambda: _against_polars(long_frame(sizes.long, len(VALUE_COLUMNS))),
        ),
        _Case(f"{long}, sorted by series", "the same, shuffled", 0.6, lambda: _sorted(sizes)),
        _Case(periodic, loop, 0.5, lambda: _periodic(sizes)),
        _Case(
            f"{periodic}, second write of the same columns",
            loop,
            0.3,
            lambda: _periodic_again(sizes),
        ),
        _Case(
            f"{short}, wide, two label levels",
            once,
            1.8,
            lambda: _against_one_call(short_series_wide(sizes.short_series), sizes),
        ),
        _Case(
            f"{short}, long",
            once,
            3.0,
            lambda: _against_one_call(short_series_long(sizes.short_series), sizes),
        ),
    ]


def _against_columns(data: Input) -> Race:
    return Race(data.n_samples, drain(data.lines), orjson_columns(data))


def _against_one_call(data: Input, sizes: Sizes) -> Race:
    yardstick = orjson_once(short_series_wide(sizes.short_series))
    return Race(data.n_samples, drain(data.lines), yardstick)


def _against_polars(data: Input) -> Race:
    values = [name for name in VALUE_COLUMNS if name in data.frame]
    frame = optional("polars").from_pandas(data.frame)
    return Race(
        data.n_samples,
        drain(data.lines),
        lambda: [lines_of_long(frame, value) for value in values],
    )


def _sorted(sizes: Sizes) -> Race:
    ordered, shuffled = (long_frame(sizes.long, order=order) for order in ("series", "random"))
    return Race(ordered.n_samples, drain(ordered.lines), drain(shuffled.lines))


def _periodic(sizes: Sizes) -> Race:
    data = periodic_frame(sizes.periodic_series)
    return Race(data.n_samples, drain(data.lines), dict_loop(data))


def _periodic_again(sizes: Sizes) -> Race:
    first, again = periodic_frame(sizes.periodic_series), periodic_frame(sizes.periodic_series)
    again.frame.index += pd.Timedelta(minutes=1)
    # Everything but sending; label sets are kept by the writer, not by to_import_lines.
    writer = VmWriter("http://localhost:8428", metric_format=METRIC_FORMAT)

    def write(data: Input) -> object:
        return writer.write(data.frame, dry_run=True, progress=False, **data.reading)

    write(first)
    return Race(again.n_samples, lambda: write(again), dict_loop(again))
