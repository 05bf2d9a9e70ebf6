"""What formatting is measured against: the least that can be done, and a loop by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson

from benchmarks.measuring.frames import Input, epoch_ms, metric_name

__all__ = ["dict_loop", "orjson_columns", "orjson_once"]


def orjson_columns(data: Input) -> Callable[[], object]:
    """Return a call of `orjson.dumps` for each column, and one for the timestamps."""
    values = np.ascontiguousarray(data.frame.to_numpy().T)
    times = epoch_ms(data.frame.index)

    def run() -> None:
        for column in values:
            orjson.dumps(column, option=orjson.OPT_SERIALIZE_NUMPY)
        orjson.dumps(times, option=orjson.OPT_SERIALIZE_NUMPY)

    return run


def orjson_once(data: Input) -> Callable[[], object]:
    """Return one call of `orjson.dumps` for all values, and one for a timestamp of each."""
    values = np.ascontiguousarray(data.frame.to_numpy().T).ravel()
    times = np.tile(epoch_ms(data.frame.index), data.frame.shape[1])

    def run() -> None:
        orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
        orjson.dumps(times, option=orjson.OPT_SERIALIZE_NUMPY)

    return run


def dict_loop(data: Input) -> Callable[[], bytes]:
    """Return the loop that one writes by hand for a frame of one row: a dict for each series."""

    def run() -> bytes:
        timestamps = epoch_ms(data.frame.index).tolist()
        lines = []
        names: Any = data.frame.columns
        for (var, job, instance, device), value in zip(
            names, data.frame.iloc[0].tolist(), strict=True
        ):
            metric = {
                "__name__": metric_name(var),
                "job": job,
                "instance": instance,
                "device": device,
            }
            line = {"metric": metric, "values": [value], "timestamps": timestamps}
            lines.append(orjson.dumps(line))
        return b"\n".join(lines) + b"\n"

    return run
