"""Reading: how a frame was understood, as a value and as a line of text."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import pandas as pd

__all__ = ["LazyNames", "Reading"]

_SHOWN_NAMES = 8


class LazyNames(Sequence[Hashable]):
    """The names of columns, looked up when somebody reads them: there may be a million.

    Examples
    --------
    >>> names = LazyNames(pd.MultiIndex.from_product([["y"], ["a", "b"]]))
    >>> len(names), names[:1], names == (("y", "a"), ("y", "b"))
    (2, (('y', 'a'),), True)
    """

    def __init__(self, columns: pd.Index) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns)

    @overload
    def __getitem__(self, index: int) -> Hashable: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Hashable, ...]: ...
    def __getitem__(self, index: int | slice) -> Hashable:
        if isinstance(index, slice):
            return tuple(self._columns[index].tolist())
        name: Hashable = self._columns[index]
        return name

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of names."""
        return isinstance(other, Sequence) and self[:] == tuple(other)

    def __hash__(self) -> int:
        """Hash as a tuple."""
        return hash(self[:])

    def __repr__(self) -> str:
        """Show the names, of many the first ones."""
        return _listed(self)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a frame was understood: the role of each of its columns.

    Attributes
    ----------
    layout : str
        ``wide``, ``long`` or ``melted``.
    time : hashable
        The column or index level of the time; None for an index without a name.
    zone : str or None
        The zone of times that name none; None if all times name theirs.
    unit : str or None
        The unit of times that are numbers.
    values : sequence
        The value columns; of a melted frame, its one column of values.
    labels : tuple
        The label columns, index levels and column levels.
    variable, query_key : hashable
        The column that says what the values are; the one of the query key. None if there is none.
    left_out : tuple
        Columns that are in no series, as they number the rows or were not named.

    Examples
    --------
    >>> str(Reading(layout="long", time="ds", zone="UTC", values=("y", "yhat"), labels=("host",)))
    'time=ds (UTC), values=[y, yhat], labels=[host]'
    """

    layout: str
    time: Hashable = None
    zone: str | None = None
    unit: str | None = None
    values: Sequence[Hashable] = ()
    labels: tuple[Hashable, ...] = ()
    variable: Hashable = None
    query_key: Hashable = None
    left_out: tuple[Hashable, ...] = ()

    def __str__(self) -> str:
        """Return it in one line."""
        marks = [mark for mark in (self.unit, self.zone) if mark]
        time = "index" if self.time is None else str(self.time)
        parts = [f"time={time}" + (f" ({', '.join(marks)})" if marks else "")]
        if self.variable is not None:
            parts.append(f"variables={self.variable}")
        parts.append(f"values={_listed(self.values)}")
        if self.labels:
            parts.append(f"labels={_listed(self.labels)}")
        if self.query_key is not None:
            parts.append(f"query_key={self.query_key}")
        if self.left_out:
            parts.append(f"left out={_listed(self.left_out)}")
        return ", ".join(parts)

    def to_dict(self) -> Mapping[str, object]:
        """Return it as what JSON can hold; names are text."""
        return {
            "layout": self.layout,
            "time": None if self.time is None else str(self.time),
            "zone": self.zone,
            "unit": self.unit,
            "values": [str(name) for name in self.values],
            "labels": [str(name) for name in self.labels],
            "variable": None if self.variable is None else str(self.variable),
            "query_key": None if self.query_key is None else str(self.query_key),
            "left_out": [str(name) for name in self.left_out],
        }


def _listed(names: Sequence[Hashable]) -> str:
    shown = [_name(name) for name in names[:_SHOWN_NAMES]]
    more = f", ... {len(names)} in all" if len(names) > _SHOWN_NAMES else ""
    return f"[{', '.join(shown)}{more}]"


def _name(name: Hashable) -> str:
    # Of MultiIndex columns: quotes would only be noise.
    return f"({', '.join(map(str, name))})" if isinstance(name, tuple) else str(name)
