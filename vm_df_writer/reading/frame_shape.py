"""FrameShape: how samples are laid out as a frame, and as which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

import pandas as pd

from vm_df_writer.config.read_options import DuplicatesPolicy, FrameLayout, ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.model.reading import Reading
from vm_df_writer.reading.backends import FrameBackend, check_backend
from vm_df_writer.reading.label_table import FrameNames

__all__ = ["FrameShape"]


@dataclass(frozen=True, kw_only=True)
class FrameShape:
    """How samples are laid out as a frame.

    Attributes
    ----------
    layout, backend, duplicates : str
        As in `VmWriter.read`.
    names : FrameNames
        What columns and levels are called that hold no label.
    given : frozenset of str
        The names that the caller's keywords give one value for all series, so that no column does.
    column_label : str or None
        The label that the names of columns are, where one variable is laid out wide.
    levels : tuple of str or None
        The levels of columns; None if they are found out.
    index : tuple of str
        The columns of a long or melted frame that are its index.
    time_name : str or None
        The name of the index, where that is the time.
    zone : tzinfo, str or None
        The zone of the times; None for UTC.
    is_sorted : bool
        Whether series are put in the order of their labels.
    """

    layout: FrameLayout = "wide"
    backend: FrameBackend = "pandas"
    duplicates: DuplicatesPolicy = "last"
    names: FrameNames = FrameNames()
    given: frozenset[str] = frozenset()
    column_label: str | None = None
    levels: tuple[str, ...] | None = None
    index: tuple[str, ...] = ()
    time_name: str | None = "time"
    zone: tzinfo | str | None = None
    is_sorted: bool = True

    def __post_init__(self) -> None:
        """Refuse what is not known, or not installed, before a server is asked."""
        if self.layout not in ("wide", "long", "melted"):
            raise FrameError(
                f"layout: expected one of wide, long, melted, got {self.layout!r}", keyword="layout"
            )
        check_backend(self.backend)

    @classmethod
    def of(
        cls,
        layout: FrameLayout,
        backend: FrameBackend,
        options: ReadOptions,
    ) -> FrameShape:
        """Return the shape of a frame that no other one is the model of."""
        time = options.time if options.time is not None else "time"
        names = FrameNames(
            time=str(time),
            var=options.var_level,
            query_key=options.query_key_level,
            variable=str(options.variable_column),
            value=str(options.value_column),
        )
        return cls(
            layout=layout,
            backend=backend,
            duplicates=options.duplicates,
            names=names,
            time_name=names.time,
        )

    def like(self, frame: pd.DataFrame, reading: Reading, options: ReadOptions) -> FrameShape:
        """Return this shape with what a frame, which was read, has besides."""
        given = {*options.labels}
        if options.query_key is not None:
            given.add(self.names.query_key)
        if options.var is not None:
            given.add(self.names.var)
        names = replace(self.names, time=str(reading.time or self.names.time))
        levels: tuple[str, ...] | None = None
        index: tuple[str, ...] = ()
        if self.backend == "pandas" and reading.layout == self.layout:
            if isinstance(frame.columns, pd.MultiIndex):
                levels = tuple(map(str, frame.columns.names))
            elif self.layout != "wide":
                own = {names.time, *map(str, reading.labels), str(reading.query_key)}
                own.add(str(reading.variable))
                held = [names.time if n is None else str(n) for n in frame.index.names]
                index = tuple(name for name in held if name in own and name not in frame.columns)
        return replace(
            self,
            names=names,
            given=frozenset(given),
            column_label=options.column_label,
            levels=levels,
            index=index,
            time_name=None if reading.time is None else names.time,
            zone=_zone_of(frame, reading) if self.backend == "pandas" else None,
            is_sorted=False,
        )


def _zone_of(frame: pd.DataFrame, reading: Reading) -> tzinfo | str | None:
    """Return the zone of the times of a frame; the one that was assumed if they name none."""
    if reading.zone is not None:
        return reading.zone
    if reading.time is not None and reading.time in frame.columns:
        dtype = frame[reading.time].dtype
    elif reading.time is not None:
        dtype = frame.index.get_level_values(str(reading.time)).dtype
    else:
        dtype = frame.index.dtype
    zone: tzinfo | None = getattr(dtype, "tz", None)
    return zone
