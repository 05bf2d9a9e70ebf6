"""Scores in parquet files for the tests of jobs, and what the server holds of them."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.support.stored_samples import export
from tests.support.torture import marked_parts
from vm_df_writer import WriterConfig

FIRST = pd.Timestamp("2026-01-01", tz="UTC")
HOSTS = ("a", "b")
ROWS = 100  # of a row group
GROUPS = 3  # of a file


def scores(file: int = 0) -> pd.DataFrame:
    """One row a minute for each host; files follow each other."""
    n = ROWS * GROUPS // len(HOSTS)
    times = pd.date_range(FIRST + pd.Timedelta(minutes=file * n), periods=n, freq="1min")
    return pd.DataFrame(
        {
            "time": times.repeat(len(HOSTS)),
            "host": list(HOSTS) * n,
            "y": np.arange(n * len(HOSTS)) + 1000.0 * file,
        }
    )


def write_files(folder: Path, n: int = 3) -> list[Path]:
    """Write parquet files of three row groups each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"scores-{file}.parquet" for file in range(n)]
    for file, path in enumerate(paths):
        scores(file).to_parquet(path, row_group_size=ROWS, index=False)
    return paths


def config_for(url: str, name: str, **parameters: Any) -> WriterConfig:
    """Write under a metric name of the test's own."""
    metric_format = {"__name__": f"{name}_$VAR"}
    return WriterConfig(datasource_url=url, metric_format=metric_format, **parameters)


def stored(url: str, name: str) -> dict[str, Counter[tuple[int, float]]]:
    """Return how often the server holds each sample, by the labels beside the name."""
    found: dict[str, Counter[tuple[int, float]]] = {}
    for label_set, samples in export(url, f'{{__name__=~"{name}_.*"}}').items():
        labels = ",".join(f"{k}={v}" for k, v in sorted(label_set) if k != "__name__")
        found.setdefault(labels, Counter()).update(samples)
    return found


def expected(*files: int, per: str = "host") -> dict[str, Counter[tuple[int, float]]]:
    """Return what :func:`stored` gives when each sample of some files is there once."""
    frame = pd.concat([scores(file) for file in files])
    frame["ms"] = frame["time"].dt.as_unit("ms").astype("int64")
    return {
        f"{per}={host}": Counter(zip(rows["ms"], rows["y"], strict=True))
        for host, rows in frame.groupby("host")
    }


@contextmanager
def once_begun(state: Path, meddle: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as a part is marked, while the job goes on."""

    def watch() -> None:
        while not marked_parts(state):
            time.sleep(0.01)
        meddle()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield
    watcher.join(10)
    assert not watcher.is_alive()
