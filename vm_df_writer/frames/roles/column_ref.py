"""A column or index level of a frame, by its name."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.labels.label_column import LabelColumn, label_from_column

__all__ = ["ColumnRef", "find_named", "names_of"]

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column or an index level of a frame."""

    kind: Literal["column", "index level"]
    name: Hashable

    def read(self, frame: pd.DataFrame) -> pd.Series | pd.Index:
        """Return its values.

        Raises
        ------
        ColumnError
            If two columns have its name.
        """
        if self.kind == "column":
            column: Any = frame[self.name]
            if isinstance(column, pd.DataFrame):
                raise ColumnError(f"{self}: occurs more than once; rename one of them")
            found: pd.Series = column
            return found
        index = frame.index
        if not isinstance(index, pd.MultiIndex):
            return index
        return index.get_level_values(index.names.index(self.name))

    def label(self, frame: pd.DataFrame) -> LabelColumn:
        """Return its values as a label.

        Raises
        ------
        LabelError
            If one cannot be a label.
        """
        return label_from_column(str(self.name), self.read(frame), str(self))

    def __str__(self) -> str:
        """Return how messages name it."""
        return "index" if self.name is None else f"{self.kind} {self.name!r}"


def names_of(frame: pd.DataFrame) -> str:
    """Return the column and index level names, as messages list them."""
    levels = [name for name in frame.index.names if name is not None]
    shown = [repr(name) for name in [*frame.columns[:_SHOWN], *levels]]
    return ", ".join(shown) + (", ..." if len(frame.columns) > _SHOWN else "")


def find_named(frame: pd.DataFrame, name: Hashable, keyword: str) -> ColumnRef:
    """Return the column or index level that a keyword names.

    Raises
    ------
    ColumnError
        If there is none, or two columns have the name.
    """
    if not isinstance(frame.columns, pd.MultiIndex) and name in frame.columns:
        column = ColumnRef("column", name)
        column.read(frame)
        return column
    if name in frame.index.names:
        return ColumnRef("index level", name)
    known = [*frame.columns, *(n for n in frame.index.names if n is not None)]
    raise ColumnError(
        f"{keyword}: {name!r} is not a column (there are: {names_of(frame)})"
        + did_you_mean(name, known)
    )
