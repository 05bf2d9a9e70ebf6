"""The blocks that the cases encode and pack."""

from __future__ import annotations

import numpy as np

from vm_df_writer.model.series import SeriesBlock

__all__ = ["BLOCKS"]

_FIRST_MS = 1_767_225_600_000


def _block(n_rows: int, n_groups: int, samples_per_series: int) -> SeriesBlock:
    times = _FIRST_MS + 15_000 * np.arange(samples_per_series)
    values = np.random.default_rng(0).standard_normal((n_rows, n_groups * samples_per_series))
    return SeriesBlock(
        [b'{"__name__":"score","host":"host-%d"}' % i for i in range(n_rows * n_groups)],
        np.arange(n_groups + 1) * samples_per_series,
        np.tile(times, n_groups),
        values,
    )


BLOCKS = {
    "wide 12 x 10,000": _block(12, 1, 10_000),
    "grouped 24 x 5,000": _block(1, 24, 5_000),
    "grouped 2,400 x 50": _block(1, 2_400, 50),
    "wide 120,000 x 1": _block(120_000, 1, 1),
}
"""Rows share one group of timestamps in a wide block; each group of another has its own."""
