"""The names and dtypes of a frame's columns, looked at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import pandas as pd

from vm_df_writer.frames.samples.contents import DtypeKind, kind_of_dtype

__all__ = ["ColumnSurvey", "survey_columns"]


@dataclass(frozen=True, slots=True)
class ColumnSurvey:
    """The names and kinds of a frame's columns, asked once: there may be a million.

    Attributes
    ----------
    names : sequence of hashable
        The names in order; empty if the columns are a MultiIndex.
    text : str
        The names that are text, each on a line.
    beside_floats : sequence of (int, hashable, DtypeKind)
        Position, name and kind of the columns that are not plain numbers.
    """

    names: Sequence[Hashable]
    text: str
    beside_floats: Sequence[tuple[int, Hashable, DtypeKind]]

    @property
    def whole_numbers(self) -> list[Hashable]:
        """The columns of integers."""
        return [name for _, name, kind in self.beside_floats if kind == "integer"]


def survey_columns(frame: pd.DataFrame) -> ColumnSurvey:
    """Look at the names and dtypes of a frame's columns.

    Examples
    --------
    >>> survey = survey_columns(pd.DataFrame({"n": [1], "y": [0.5], "up": [True]}))
    >>> survey.beside_floats, survey.whole_numbers
    ([(0, 'n', 'integer')], ['n'])
    """
    if isinstance(frame.columns, pd.MultiIndex):
        return ColumnSurvey([], "", [])
    names = frame.columns.tolist()
    dtypes = frame.dtypes.tolist()
    # By identity: hashing a category would hash all its values.
    kinds = {key: kind_of_dtype(dtype) for key, dtype in {id(d): d for d in dtypes}.items()}
    beside: list[tuple[int, Hashable, DtypeKind]] = []
    if not set(kinds.values()) <= {"number"}:
        in_order = [kinds[id(dtype)] for dtype in dtypes]
        beside = [
            (position, names[position], kind)
            for position, kind in enumerate(in_order)
            if kind != "number"
        ]
    return ColumnSurvey(names, "\n".join([n for n in names if isinstance(n, str)]), beside)
