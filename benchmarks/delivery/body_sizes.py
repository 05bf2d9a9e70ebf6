"""How large bodies and how many at a time suit a server: writes of drawn frames, beside curl.

``python -m benchmarks.delivery.body_sizes`` draws a frame, writes it with each setting and posts
its import lines by curl, in any order, and goes on with the next frame. It prints the median of
each setting's ratios to the faster curl, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import random
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from benchmarks.measuring.frames import METRIC_FORMAT, VALUE_COLUMNS, Input
from benchmarks.measuring.server import Curl, settle
from benchmarks.measuring.timing import timed
from benchmarks.measuring.versions import VersionedServer, programs
from vm_df_writer import VmWriter

__all__ = ["draw_frame", "ratios_to_curl"]

_Protocol = Literal["import", "remote_write"]

_MIB = 2**20
_SETTINGS = ("2x4", "2x2", "3x2", "4x1", "3x4", "2x8", "4x2", "1x8")


def draw_frame(rng: np.random.Generator, n_samples: int) -> Input:
    """Draw a frame: wide or long, in some order of rows, of any number of series and digits."""
    rows = int(np.exp(rng.uniform(np.log(n_samples / 6000), np.log(n_samples / 150))))
    n_series = n_samples // rows
    values = rng.standard_normal((n_series, rows))
    if rng.random() < 1 / 3:
        values = values.round(3)
    times = pd.date_range("2026-01-01", periods=rows, freq="15s", tz="UTC", name="timestamp")
    if rng.random() < 1 / 2:
        columns = [f"score_{i:04d}" for i in range(n_series)]
        return Input(pd.DataFrame(values.T, index=times, columns=columns), values.size)
    in_order = np.arange(values.size)
    order: str = rng.choice(["time", "series", "random"])
    if order == "random":
        in_order = rng.permutation(in_order)
    elif order == "time":
        in_order = in_order.reshape(values.shape).T.ravel()
    series, step = np.divmod(in_order, rows)
    hosts = pd.Series([f"host-{i}" for i in range(n_series)], dtype="str")
    frame = pd.DataFrame({"timestamp": times.take(step), "host": hosts.take(series).array})
    frame[VALUE_COLUMNS[0]] = values.ravel()[in_order]
    return Input(frame, values.size)


def ratios_to_curl(
    program: str, protocol: _Protocol, settings: list[str], n_samples: int, seed: int
) -> dict[str, float]:
    """Write one drawn frame into a fresh server, and return the ratio of each setting."""
    data = draw_frame(np.random.default_rng(seed), n_samples)
    with VersionedServer(program) as server, TemporaryDirectory() as folder, ExitStack() as stack:
        curl = Curl(server.url, Path(folder), list(data.lines()))
        measures = {"curl, one": timed(curl.post_whole), "curl": timed(curl.post_two_at_a_time)}
        for setting in settings:
            concurrency, mib = setting.split("x")
            given: dict[str, Any] = {
                "protocol": protocol,
                "concurrency": int(concurrency),
                "batch_max_bytes": int(float(mib) * _MIB),
            }
            writer = VmWriter(server.url, metric_format=METRIC_FORMAT, timeout="1m", **given)
            write = partial(stack.enter_context(writer).write, data.frame, progress=False)
            measures[setting] = timed(write)
        curl.post_whole()  # the series are known from now on
        write()
        seconds = {}
        for name in random.Random(seed).sample([*measures], len(measures)):  # noqa: S311
            settle(server.url)
            seconds[name] = measures[name]()
    yardstick = min(seconds["curl"], seconds["curl, one"])
    return {setting: seconds[setting] / yardstick for setting in settings}


def main() -> None:
    """Draw frames until the time is over, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery.body_sizes")
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--samples", type=int, default=3_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--protocol", choices=get_args(_Protocol), default="import")
    parser.add_argument("--server", choices=["oldest", "newest"], default="newest")
    parser.add_argument(
        "--settings", nargs="+", default=[*_SETTINGS], help="concurrency x MiB of a body"
    )
    given = parser.parse_args()
    version, program = [*programs().items()][0 if given.server == "oldest" else -1]
    found: dict[str, list[float]] = {setting: [] for setting in given.settings}
    started, seed = time.monotonic(), given.seed
    while seed == given.seed or time.monotonic() - started < given.seconds:
        for setting, ratio in ratios_to_curl(
            program, given.protocol, given.settings, given.samples, seed
        ).items():
            found[setting].append(ratio)
        seed += 1
    print(f"{version}, {given.protocol}, {seed - given.seed} frames of {given.samples:,} samples")
    for setting, ratios in found.items():
        print(f"{setting:>6} {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
