"""Parquet files of made-up scores for the jobs, and what is stored of them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import requests

__all__ = ["METRIC_FORMAT", "Scores", "Stored"]

METRIC_FORMAT = "__name__=torture_$VAR"
_FIRST_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_STEP_MS = 1000
_TOLERANCE = 1.1e-12
_PATIENCE_S = 15

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stored:
    """What the server holds of some scores.

    Attributes
    ----------
    found, wrong : int
        Samples that are there with their value, and with another one.
    twice : int
        Copies beside the first: of what was sent again.
    """

    found: int
    wrong: int
    twice: int


@dataclass(frozen=True)
class Scores:
    """Scores of some hosts, one sample a second each, in files of several row groups.

    Examples
    --------
    >>> Scores(files=2, groups=3, rows=1000, hosts=10).n_samples
    6000
    """

    files: int
    groups: int
    rows: int
    hosts: int
    seed: int = 7

    @property
    def n_samples(self) -> int:
        """Samples in all files."""
        return self.files * self.groups * self.rows

    def write(self, folder: Path) -> None:
        """Write the files."""
        for file in range(self.files):
            frames = [self.frame(file * self.groups + group) for group in range(self.groups)]
            pd.concat(frames, ignore_index=True).to_parquet(
                folder / f"scores-{file:03d}.parquet", row_group_size=self.rows, index=False
            )

    def frame(self, group: int) -> pd.DataFrame:
        """Return the rows of a row group, counted over all files."""
        n = self.rows // self.hosts
        epochs_ms = _FIRST_MS + _STEP_MS * np.arange(group * n, (group + 1) * n)
        times = pd.DatetimeIndex(epochs_ms.repeat(self.hosts).astype("datetime64[ms]"))
        return pd.DataFrame(
            {
                "time": times.tz_localize("UTC"),
                "host": np.tile([f"host-{host:03d}" for host in range(self.hosts)], n),
                "anomaly_score": self._values(group).ravel(),
            }
        )

    def _values(self, group: int) -> Floats:
        rng = np.random.default_rng((self.seed, group))
        return np.round(rng.gamma(1.0, 0.3, (self.rows // self.hosts, self.hosts)), 4)

    def compare(self, url: str) -> Stored:
        """Export every series, and compare it with what was written.

        Old servers may show some samples only a while after they were flushed.
        """
        patience_ends = time.monotonic() + _PATIENCE_S
        while (stored := self._compare(url)).found < self.n_samples:
            if time.monotonic() > patience_ends:
                break
            time.sleep(0.5)
        return stored

    def _compare(self, url: str) -> Stored:
        requests.get(f"{url}/internal/force_flush", timeout=60).raise_for_status()
        values = np.vstack([self._values(group) for group in range(self.files * self.groups)])
        found = wrong = twice = 0
        for host in range(self.hosts):
            stored_ms, stored = self._export(url, host)
            stored_ms, first, counts = np.unique(stored_ms, return_index=True, return_counts=True)
            twice += int((counts - 1).sum())
            sent = values[:, host]
            rows, remainder = np.divmod(stored_ms - _FIRST_MS, _STEP_MS)
            known = (remainder == 0) & (rows >= 0) & (rows < len(sent))
            expected = sent[rows[known]]
            same = np.abs(stored[first][known] - expected) <= _TOLERANCE * np.abs(expected)
            found += int(same.sum())
            wrong += int((~known).sum() + (~same).sum())
        return Stored(found, wrong, twice)

    def _export(self, url: str, host: int) -> tuple[npt.NDArray[np.int64], Floats]:
        form = {
            "match[]": f'torture_anomaly_score{{host="host-{host:03d}"}}',
            "start": f"{_FIRST_MS / 1000 - 1:.3f}",
            "end": f"{(_FIRST_MS + _STEP_MS * self.n_samples) / 1000:.3f}",
        }
        answer = requests.post(f"{url}/api/v1/export", form, timeout=300)
        answer.raise_for_status()
        lines = [orjson.loads(line) for line in answer.content.splitlines()]
        epochs_ms = [np.array(line["timestamps"], np.int64) for line in lines]
        values = [np.array(line["values"], np.float64) for line in lines]
        return (
            np.concatenate([np.empty(0, np.int64), *epochs_ms]),
            np.concatenate([np.empty(0), *values]),
        )
