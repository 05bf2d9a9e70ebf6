"""Columns that number the rows: left behind by pandas, or made by a database or a spreadsheet."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from vm_df_writer.frames.roles.name_words import names_a_key, names_a_row
from vm_df_writer.frames.samples.contents import kind_of_dtype

__all__ = ["may_number_rows", "numbers_rows"]

# What pandas calls an index without a name, once it is a column: in a CSV, and by reset_index().
_LEFT_BY_PANDAS = re.compile(r"Unnamed: \d+(\.\d+|_level_\d+)?|index|level_\d+")
# What InfluxDB's clients call the number of the group that a row of an answer is of.
_LEFT_BY_INFLUX = "table"
# Fewer rise by accident.
_FEWEST_ROWS = 3


def numbers_rows(column: pd.Series) -> bool:
    """Say whether a column is an index that numbered the rows: by its name, and a count by ones.

    The count may start anywhere, as in a part of a file, and anew in each piece, as after
    pd.concat(). An index that was sorted or filtered has each number once and an empty name.

    Examples
    --------
    >>> numbers_rows(pd.Series([0, 1, 2, 0, 1], name="index"))
    True
    >>> numbers_rows(pd.Series([0, 1, 2], name="cycles"))
    False
    >>> numbers_rows(pd.Series([18210, 18195, 18222], name="index"))
    False
    """
    name = column.name
    if name != _LEFT_BY_INFLUX and not (isinstance(name, str) and _LEFT_BY_PANDAS.fullmatch(name)):
        return False
    if kind_of_dtype(column.dtype) != "integer" or column.isna().any() or column.empty:
        return False
    numbers = column.to_numpy(dtype=np.float64)
    if numbers.min() < 0:
        return False
    steps = np.diff(numbers)
    if name == _LEFT_BY_INFLUX:
        return bool(numbers[0] == 0 and ((steps == 0) | (steps == 1)).all())
    starts_anew = numbers[1:] == 0
    if ((steps == 1) | starts_anew).all():
        return len(numbers) > 1 or numbers[0] == 0
    is_permutation = numbers.max() == len(numbers) - 1 and column.is_unique
    return is_permutation or (name != "index" and column.is_unique)


def may_number_rows(column: pd.Series) -> bool:
    """Say whether whole numbers are likely to number the rows: by their name, and a rising count.

    The count goes on by ones, is repeated by rows that were made of one, or has gaps where rows
    were left out.

    Examples
    --------
    >>> may_number_rows(pd.Series([1, 2, 3], name="rn"))
    True
    >>> may_number_rows(pd.Series([1, 2, 3], name="cycles"))
    False
    """
    if not names_a_row(column.name) or kind_of_dtype(column.dtype) != "integer":
        return False
    if len(column) < _FEWEST_ROWS or column.isna().any():
        return False
    steps = np.diff(column.to_numpy(dtype=np.float64))
    if (steps > 0).all():
        return True
    is_repeated = ((steps == 0) | (steps == 1)).all() and column.iloc[0] in (0, 1)
    return bool(is_repeated and (steps > 0).any() and not names_a_key(column.name))
