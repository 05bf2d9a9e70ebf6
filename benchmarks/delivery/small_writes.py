"""A write of one row against `requests.post` of the same body."""

from __future__ import annotations

import pandas as pd
import requests

from benchmarks.measuring.frames import METRIC_FORMAT
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, alternate, timed
from vm_df_writer import VmWriter, to_import_lines
from vm_df_writer.local import LocalVictoriaMetrics

__all__ = ["compare_small_writes"]

_GOAL = 2.0
# A repetition takes a millisecond.
_PAIRS_PER_REPETITION = 100


def compare_small_writes(sizes: Sizes) -> Comparison:
    """Write a row again and again, as live scoring does, in turns with a post by a warm session."""
    times = pd.DatetimeIndex(["2026-01-01"], tz="UTC")
    row = pd.DataFrame({"anomaly_score": [0.5]}, index=times)
    body = b"".join(to_import_lines(row, metric_format=METRIC_FORMAT))
    with (
        LocalVictoriaMetrics() as server,
        VmWriter(server.url, metric_format=METRIC_FORMAT) as writer,
        requests.Session() as session,
    ):
        url = f"{server.url}/api/v1/import"

        def write() -> None:
            writer.write(row)

        def post() -> None:
            session.post(url, data=body, timeout=10).raise_for_status()

        timings = alternate(
            {"write": timed(write), "post": timed(post)},
            _PAIRS_PER_REPETITION * sizes.repetitions,
            settle=lambda: None,
        )
    return Comparison(
        "write of one row", "requests.post", 1, timings["write"], timings["post"], _GOAL
    )
