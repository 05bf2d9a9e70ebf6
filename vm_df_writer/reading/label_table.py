"""LabelTable: the labels of series, as the names and texts of a frame's columns or levels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vm_df_writer.errors import FrameError
from vm_df_writer.frames.labels.factorize import factorize
from vm_df_writer.reading.stored_format import StoredFormat

__all__ = ["FrameNames", "LabelCodes", "LabelTable"]

_KEYWORDS = {
    "var": "var_level",
    "query_key": "query_key_level",
    "time": "time",
    "variable": "variable_column",
    "value": "value_column",
}


@dataclass(frozen=True, kw_only=True)
class FrameNames:
    """What a frame calls that which is no label; each is a reading keyword, which `write` has too.

    Attributes
    ----------
    time, var, query_key, variable, value : str
        The names of columns, or of levels of columns.
    """

    time: str = "time"
    var: str = "var"
    query_key: str = "query_key"
    variable: str = "variable"
    value: str = "value"

    def check(self, labels: Collection[str], *roles: str) -> None:
        """Refuse a label that is called as one of the other columns is.

        Raises
        ------
        FrameError
            Names the keyword that gives the other column another name.
        """
        for role in roles:
            name = getattr(self, role)
            if name in labels:
                raise FrameError(
                    f"labels: the series have a label {name!r}, and so is called what holds the "
                    f"{role.replace('_', ' ')}",
                    hint=f"give that another name with {_KEYWORDS[role]}=",
                    keyword=_KEYWORDS[role],
                )


class LabelCodes(NamedTuple):
    """A column of text, each distinct one once.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows,)
        Which text each row has; -1 for none.
    texts : list of str
        The distinct texts.
    """

    codes: npt.NDArray[np.signedinteger]
    texts: list[str]

    def repeat(self, counts: npt.NDArray[np.int64]) -> LabelCodes:
        """Return each row so many times, in codes as short as they can be."""
        short = np.min_scalar_type(-len(self.texts) - 1)
        return LabelCodes(np.repeat(self.codes.astype(short), counts), self.texts)


@dataclass(frozen=True)
class LabelTable:
    """The labels of some series: a row for each, a column for each name.

    Attributes
    ----------
    names : tuple of str
        The variable first, then the query key if there is one, then the labels.
    rows : list of tuple of (str or None)
        The texts of each series; None where it lacks the label.
    is_of_format : bool
        Whether all series are of the writer's metric format. Else the labels stand as they are
        stored, and the variable is called ``__name__``.

    Examples
    --------
    >>> table = LabelTable.of(
    ...     [{"__name__": "vm_y", "for": "cpu", "host": "a"}],
    ...     {"__name__": "vm_$VAR", "for": "$QUERY_KEY"},
    ...     FrameNames(),
    ... )
    >>> table.names, table.rows
    (('var', 'query_key', 'host'), [('y', 'cpu', 'a')])
    """

    names: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    is_of_format: bool = True

    @classmethod
    def of(
        cls,
        series: Sequence[Mapping[str, str]],
        metric_format: Mapping[str, str],
        names: FrameNames,
    ) -> Self:
        """Name the labels of each series as a frame does that is written by a metric format."""
        stored = StoredFormat(metric_format)
        all_roles = [stored.roles_of(labels) for labels in series]
        found = [roles for roles in all_roles if roles is not None]
        if len(found) < len(all_roles):
            rest = sorted({name for labels in series for name in labels} - {"__name__"})
            columns = ("__name__", *rest)
            return cls(
                columns, [tuple(map(labels.get, columns)) for labels in series], is_of_format=False
            )
        label_names = sorted({name for roles in found for name in roles.labels})
        has_query_key = any(roles.query_key is not None for roles in found)
        names.check(label_names, "var", *(["query_key"] if has_query_key else []))
        head = (names.var, names.query_key) if has_query_key else (names.var,)
        rows = [
            (
                roles.var,
                *((roles.query_key,) if has_query_key else ()),
                *map(roles.labels.get, label_names),
            )
            for roles in found
        ]
        return cls((*head, *label_names), rows)

    @property
    def labels(self) -> tuple[str, ...]:
        """All names but that of the variable."""
        return self.names[1:]

    def order(self) -> list[int]:
        """Return the series in the order of their labels."""
        return sorted(
            range(len(self.rows)), key=lambda s: tuple(text or "" for text in self.rows[s])
        )

    def take(self, series: Sequence[int]) -> LabelTable:
        """Return some of the rows."""
        return replace(self, rows=[self.rows[s] for s in series])

    def texts(self, name: str) -> list[str | None]:
        """Return what each series has of one name."""
        at = self.names.index(name)
        return [row[at] for row in self.rows]

    def codes(self, name: str) -> LabelCodes:
        """Return what each series has of one name, each distinct text once."""
        return codes_of(self.texts(name))

    def varying(self) -> list[str]:
        """Return the names in which series differ."""
        columns = zip(*self.rows, strict=True)
        return [name for name, texts in zip(self.names, columns, strict=True) if len({*texts}) > 1]

    def without(self, names: Collection[str]) -> LabelTable:
        """Return the table without some names."""
        kept = [i for i, name in enumerate(self.names) if name not in names]
        rows = [tuple(row[i] for i in kept) for row in self.rows]
        return replace(self, names=tuple(self.names[i] for i in kept), rows=rows)


def codes_of(texts: Sequence[str | None]) -> LabelCodes:
    """Return texts with each distinct one once.

    Examples
    --------
    >>> codes_of(["b", None, "b"])
    LabelCodes(codes=array([ 0, -1,  0]), texts=['b'])
    """
    codes, distinct = factorize(pd.Series(texts, dtype=object))
    return LabelCodes(codes, distinct.tolist())
