"""Formatting of frames that are drawn anew for each repetition: orders, sizes, dtypes, labels."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from benchmarks.formatting.goals import Race
from benchmarks.measuring.frames import METRIC_FORMAT, VALUE_COLUMNS, Input, epoch_ms, metric_name
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Comparison, Timing, drain, timed
from benchmarks.peers.polars_lines import lines_of_long
from vm_df_writer import VmWriter

__all__ = ["compare_drawn"]

_Order = Literal["shuffled within each time", "all rows shuffled"]
_Draw = Callable[[np.random.Generator], Race]


_ORDERS: dict[_Order, float] = {"shuffled within each time": 0.75, "all rows shuffled": 1.0}


def compare_drawn(sizes: Sizes) -> Iterator[Comparison | str]:
    """Yield each case with its yardstick; a text where the yardstick is not installed."""
    n_series = sizes.periodic_series
    polars = "polars group_by and write_ndjson on two cores, from a polars frame"
    loop = "a loop of orjson.dumps over ready lists"
    once = f"one sample of {n_series:,} series, each with a label of its own"
    cases: list[tuple[str, str, float, _Draw]] = []
    for order, goal in _ORDERS.items():
        draw_long = partial(_long, shape=sizes.long, order=order)
        cases.append((f"long {sizes.long.rows:,} rows, {order}", polars, goal, draw_long))
    cases += [
        (f"wide, {once}", loop, 1.2, partial(_first_write, n_series=n_series)),
        (f"wide, {once}, second write", loop, 0.5, partial(_second_write, n_series=n_series)),
        (f"long, {once}", loop, 1.5, partial(_long_of_one_time, n_series=n_series)),
    ]
    for case, yardstick, goal, draw in cases:
        try:
            yield _compare(case, yardstick, goal, draw, sizes.repetitions)
        except NotInstalledError as error:
            yield f"{case}: {error}"


def _compare(case: str, yardstick: str, goal: float, draw: _Draw, repetitions: int) -> Comparison:
    """Time each repetition on a frame of its own, after one that does not count."""
    seconds: tuple[list[float], list[float]] = [], []
    for repetition in range(repetitions + 1):
        race = draw(np.random.default_rng(repetition))
        for side in (0, 1) if repetition % 2 else (1, 0):
            gc.collect()
            duration = timed((race.ours, race.theirs)[side])()
            if repetition:
                seconds[side].append(duration)
    ours, theirs = (Timing(tuple(each)) for each in seconds)
    return Comparison(case, yardstick, race.n_samples, ours, theirs, goal)


def _long(rng: np.random.Generator, shape: Shape, order: _Order) -> Race:
    """Draw a long frame of two labels, whose series follow each other in any order."""
    rows, n_series = shape.rows, int(rng.integers(shape.series // 2, 2 * shape.series))
    n_devices = int(rng.integers(2, 30))
    step, series = np.divmod(np.arange(rows), n_series)
    if order == "all rows shuffled":
        shuffled = rng.permutation(rows)
    else:
        shuffled = np.lexsort((rng.random(rows), step))
    step, series = step[shuffled], rng.permutation(n_series)[series[shuffled]]
    times = pd.date_range("2026-01-01", periods=rows // n_series + 1, freq="15s", tz="UTC")
    kind = str(rng.choice(["str", "category", "object"]))
    frame = pd.DataFrame(
        {
            "timestamp": times.take(step),
            "host": _labels("host", series // n_devices, kind),
            "device": _labels("device", series % n_devices, kind),
            VALUE_COLUMNS[0]: rng.standard_normal(rows),
        }
    )
    polars = optional("polars").from_pandas(frame)
    return Race(
        rows, drain(Input(frame, rows).lines), lambda: lines_of_long(polars, VALUE_COLUMNS[0])
    )


def _labels(name: str, codes: npt.NDArray[np.int64], kind: Any) -> Any:
    texts = [f"{name}-{i}" for i in range(int(codes.max()) + 1)]
    if kind == "category":
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(texts)))
    return pd.Series(texts, dtype=kind).take(codes).reset_index(drop=True)


def _columns(rng: np.random.Generator, n_series: int) -> pd.MultiIndex:
    """Draw columns of three levels of one dtype, one of which differs in each."""
    order = rng.permutation(n_series).tolist()
    n_jobs, width = int(rng.integers(1, 50)), int(rng.integers(6, 12))
    levels = [
        [VALUE_COLUMNS[i % len(VALUE_COLUMNS)] for i in order],
        [f"job-{i % n_jobs}" for i in order],
        [f"instance-{i:0{width}d}:9100" for i in order],
    ]
    return _of_levels(levels, str(rng.choice(["str", "category", "object"])))


def _of_levels(levels: list[list[str]], kind: str) -> pd.MultiIndex:
    arrays = [pd.Series(texts, dtype=kind) for texts in levels]
    return pd.MultiIndex.from_arrays(arrays, names=["var", "job", "instance"])


def _wide(rng: np.random.Generator, columns: pd.MultiIndex) -> pd.DataFrame:
    time = pd.DatetimeIndex(["2026-01-01"], tz="UTC") + pd.Timedelta(
        seconds=int(rng.integers(9**9))
    )
    return pd.DataFrame(rng.standard_normal((1, len(columns))), index=time, columns=columns)


def _loop(frame: pd.DataFrame) -> Callable[[], bytes]:
    """Return the loop over lists that are ready; its lines are joined as they come."""
    levels = [frame.columns.get_level_values(i).tolist() for i in range(3)]
    values, times = frame.iloc[0].tolist(), epoch_ms(frame.index).tolist()

    def run() -> bytes:
        lines = bytearray()
        for var, job, instance, value in zip(*levels, values, strict=True):
            metric = {"__name__": metric_name(var), "job": job, "instance": instance}
            line = {"metric": metric, "values": [value], "timestamps": times}
            lines += orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        return bytes(lines)

    return run


def _first_write(rng: np.random.Generator, n_series: int) -> Race:
    frame = _wide(rng, _columns(rng, n_series))
    return Race(n_series, drain(Input(frame, n_series).lines), _loop(frame))


def _second_write(rng: np.random.Generator, n_series: int) -> Race:
    """Draw a frame of columns that are equal to those of an earlier one, and not the same."""
    columns = _columns(rng, n_series)
    levels = [columns.get_level_values(i).tolist() for i in range(3)]
    again = _wide(rng, _of_levels(levels, str(columns.levels[2].dtype)))
    # Everything but sending; label sets are kept by the writer, not by to_import_lines.
    writer = VmWriter("http://localhost:8428", metric_format=METRIC_FORMAT)
    writer.write(_wide(rng, columns), dry_run=True, progress=False)
    return Race(n_series, lambda: writer.write(again, dry_run=True, progress=False), _loop(again))


def _long_of_one_time(rng: np.random.Generator, n_series: int) -> Race:
    wide = _wide(rng, _columns(rng, n_series))
    frame = wide.columns.to_frame(index=False).rename(columns={"var": "variable"})
    frame.insert(0, "timestamp", wide.index.repeat(n_series))
    frame["value"] = wide.iloc[0].to_numpy()
    return Race(n_series, drain(Input(frame, n_series).lines), _loop(wide))
