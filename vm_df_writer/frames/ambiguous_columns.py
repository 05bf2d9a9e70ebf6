"""Integers that nobody gave a role may be values, or the label that tells series apart."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ColumnError
from vm_df_writer.model.series import IntArray

__all__ = ["check_no_label_is_lost", "find_ambiguous_labels"]


def find_ambiguous_labels(
    frame: pd.DataFrame, used: Collection[Hashable], reading: ReadOptions
) -> list[Hashable]:
    """Return the columns of integers that no keyword gives a role: they may be values or labels.

    There are none where `label_columns` names the labels, or where only one can be the values.
    """
    if reading.label_columns is not None:
        return []
    known = {*used, *(reading.value_columns or ())}
    rest = {name: dtype for name, dtype in frame.dtypes.items() if name not in known}
    if len(rest) == 1 and reading.value_columns is None:
        return []
    return [name for name, dtype in rest.items() if pd.api.types.is_integer_dtype(dtype)]


def check_no_label_is_lost(
    frame: pd.DataFrame,
    doubtful: Sequence[Hashable],
    order: IntArray | None,
    repeated: IntArray,
    layout: str,
) -> None:
    """Refuse a doubtful label whose numbers tell rows of one series and one time apart.

    It may be a shard, or a device: all but one sample of each time would be dropped. Where the
    numbers are the same, it is no label that a series lacks.

    Parameters
    ----------
    order : ndarray of int64, or None
        Row numbers, series by series and by time; None if that is the frame's own order.
    repeated : ndarray of int64
        Positions in it whose row has the series and time of the next one.

    Raises
    ------
    ColumnError
        Names the first of them.
    """
    for name in doubtful:
        codes = pd.factorize(frame[name])[0]
        if order is not None:
            codes = codes[order]
        if (codes[repeated] != codes[repeated + 1]).any():
            raise ColumnError(
                f"column {name!r}: integers, which are values or a label, and without it as a "
                "label there are rows of one series at one time; name it in label_columns= or in "
                "value_columns=" + (", or pass layout='wide'" if layout == "wide" else "")
            )
