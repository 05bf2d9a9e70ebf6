"""Part: what of a file is read, sent, marked and repeated as one. Schema: what its columns hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.csv.dialect import CsvDialect

__all__ = ["Part", "Schema", "needed_columns"]


@dataclass(frozen=True)
class Part:
    """A row group of a parquet file, a record batch of an Arrow file, or a chunk of a CSV.

    Attributes
    ----------
    number : int
        Its place in the source, from 0.
    start, stop : int
        For a CSV, where the chunk begins and ends in the text.
    rows : int
        Rows; about so many, in a CSV whose cells hold line ends.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last row, where the file says so by itself.
    """

    number: int
    start: int = 0
    stop: int = 0
    rows: int = 0
    first_ms: int | None = None
    last_ms: int | None = None


@dataclass(frozen=True)
class Schema:
    """What is known of a file before its parts are read, and holds for each of them.

    Attributes
    ----------
    columns : mapping of str to str
        The columns that are read, and the kind of each: ``integers``, ``floats``, ``booleans``,
        ``text`` or ``times``, an empty string where it holds nothing; and for a CSV those of
        :mod:`~vm_df_writer.files.csv.kinds`.
    dialect : CsvDialect or None
        How the text of a CSV is written.
    in_one_go : bool
        Whether a part can be reached only through those before it.

    Examples
    --------
    >>> schema = Schema({"y": "floats"}, CsvDialect(names=("y",)))
    >>> Schema.from_json(schema.to_json()) == schema
    True
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    dialect: CsvDialect | None = None
    in_one_go: bool = False

    def to_json(self) -> str:
        """Return it as text, for the state file of a job."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Return what :meth:`to_json` made text of."""
        plain: dict[str, Any] = json.loads(text)
        dialect = plain.pop("dialect")
        return cls(**plain, dialect=dialect and CsvDialect.of(dialect))


def needed_columns(names: Sequence[str], reading: ReadOptions) -> list[str] | None:
    """Return the columns that a reading names, if it names all that it needs; else None.

    One that is not there is missed, by its name, when a part is read.

    Examples
    --------
    >>> reading = ReadOptions(time="t", label_columns=["host"], value_columns=["y"])
    >>> needed_columns(["t", "host", "comment", "y"], reading)
    ['t', 'host', 'y']
    >>> needed_columns(["t", "host", "comment", "y"], ReadOptions()) is None
    True
    """
    melted = {reading.variable_column, reading.value_column}
    values: list[Any] = list(reading.value_columns or ())
    if reading.layout == "melted" or (reading.layout == "auto" and melted <= set(names)):
        values += melted
    if not values or reading.label_columns is None or reading.time is None:
        return None
    wanted = {reading.time, reading.query_key_level, *reading.label_columns, *values}
    return [name for name in names if name in wanted]
