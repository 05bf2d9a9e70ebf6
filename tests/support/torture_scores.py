"""Many scores in parquet files, and how many of them a server holds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tests.support.stored_samples import StoredSeries, read_stored
from vm_df_writer.model.series import FloatArray

METRIC_FORMAT = "__name__=torture_$VAR"
_FIRST_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_STEP_MS = 1000
_TOLERANCE = 1.1e-12
_PATIENCE_S = 15

_NOTHING = StoredSeries(np.empty(0, np.int64), np.empty(0))


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

    def _values(self, group: int) -> FloatArray:
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
        values = np.vstack([self._values(group) for group in range(self.files * self.groups)])
        found = wrong = twice = 0
        for host in range(self.hosts):
            selector = f'torture_anomaly_score{{host="host-{host:03d}"}}'
            found_series = read_stored(url, selector).values()
            times_ms, stored = next(iter(found_series), _NOTHING)
            stored_ms, first, counts = np.unique(times_ms, return_index=True, return_counts=True)
            twice += int((counts - 1).sum())
            sent = values[:, host]
            rows, remainder = np.divmod(stored_ms - _FIRST_MS, _STEP_MS)
            known = (remainder == 0) & (rows >= 0) & (rows < len(sent))
            expected = sent[rows[known]]
            same = np.abs(stored[first][known] - expected) <= _TOLERANCE * np.abs(expected)
            found += int(same.sum())
            wrong += int((~known).sum() + (~same).sum())
        return Stored(found, wrong, twice)
