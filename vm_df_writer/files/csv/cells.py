"""CSV cells -> DataFrame, with every digit, zone and label as it is written there.

CSV holds text, and pandas guesses what it means: by itself it makes 7 of ``007``, nothing of the
label ``NA``, and numbers of one chunk and text of the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.files.csv.dialect import CsvDialect

__all__ = ["is_missing", "parse_numbers", "parse_texts", "read_cells"]

# Before pandas 3.1 the default parser could miss the last bit of a number.
_PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))
_EXACT: dict[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}

# What pandas takes for a missing number, and the marks of spreadsheets, databases and UCI's files.
_MISSING = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
    *("-", "--", "---", "?", "\\N"),
)

_KINDS_OF_TEXT = ("text", "whole", "grouped")
_DTYPES = {"integers": "Int64", "unsigned": "UInt64", "booleans": "boolean", "": "Int64"}


def read_cells(data: bytes, dialect: CsvDialect, kinds: Mapping[str, str]) -> pd.DataFrame:
    r"""Read lines without their header; each column as the kind that it has in the whole file.

    Parameters
    ----------
    data : bytes
        Whole lines, in UTF-8.
    dialect : CsvDialect
        How they are written.
    kinds : mapping of str to str
        The columns to read and their kinds: see :mod:`~vm_df_writer.files.csv.kinds`.

    Examples
    --------
    >>> dialect = CsvDialect(names=("host", "y"))
    >>> kinds = {"host": "text", "y": "floats"}
    >>> read_cells(b"007,1.5\nNA,NA\n", dialect, kinds).to_numpy().tolist()
    [['007', 1.5], ['NA', nan]]
    """
    # Read backwards, so that the index keeps its place: a separator at the end has no name either.
    positions = {name: i for i, name in [*enumerate(dialect.names)][::-1] if name in kinds}
    of_kind: dict[str, list[int]] = {}
    for name, position in positions.items():
        of_kind.setdefault(kinds[name], []).append(position)
    texts = {i: kind for kind in _KINDS_OF_TEXT for i in of_kind.pop(kind, ())}
    if not data.strip():
        frame = pd.DataFrame({i: pd.Series(dtype=str) for i in positions.values()})
    elif not of_kind:
        frame = _read_texts(data, dialect, texts)
    elif not texts:
        frame = _read_numbers(data, dialect, of_kind)
    else:
        pieces = [_read_texts(data, dialect, texts), _read_numbers(data, dialect, of_kind)]
        frame = pd.concat(pieces, axis=1)
    places = sorted(positions.values())
    frame = frame[places].set_axis([dialect.names[i] for i in places], axis=1)
    return frame.set_index("").rename_axis(None) if "" in kinds else frame


def _read_texts(data: bytes, dialect: CsvDialect, kinds: Mapping[int, str]) -> pd.DataFrame:
    texts = parse_texts(data, dialect, [*kinds])
    for position, kind in kinds.items():
        if kind == "whole":
            texts[position] = texts[position].str.removesuffix(".0")
        elif kind == "grouped":
            texts[position] = _ungroup(texts[position], dialect)
    return texts


def _ungroup(texts: pd.Series, dialect: CsvDialect) -> pd.Series:
    """Return the numbers of texts whose digits stand in groups of three."""
    plain = texts.str.replace(dialect.thousands or "", "", regex=False)
    plain = plain.str.replace(dialect.decimal, ".", regex=False)
    return pd.to_numeric(plain.mask(is_missing(texts, dialect)), errors="raise").astype(np.float64)


def is_missing(texts: pd.Series, dialect: CsvDialect) -> pd.Series:
    """Say which texts are words for a missing number."""
    return texts.isna() | texts.isin([*_MISSING, *dialect.na_values])


def _read_numbers(
    data: bytes, dialect: CsvDialect, of_kind: Mapping[str, Sequence[int]]
) -> pd.DataFrame:
    columns = [i for positions in of_kind.values() for i in positions]
    floats = of_kind.get("floats", ())
    if len(floats) == len(columns):  # pandas takes seconds for a dtype each of 40,000 columns
        return parse_numbers(data, dialect, columns, dtype=np.float64)
    frame = parse_numbers(data, dialect, columns, dtype=dict.fromkeys(floats, np.float64))
    wanted = {i: _DTYPES[kind] for kind in of_kind if kind != "floats" for i in of_kind[kind]}
    found = frame.dtypes
    return frame.astype({i: dtype for i, dtype in wanted.items() if found[i] != dtype})


def parse_numbers(
    data: bytes, dialect: CsvDialect, columns: Sequence[int], **options: Any
) -> pd.DataFrame:
    """Parse columns, each as what its own cells hold, unless `options` say what they are."""
    missing = [*_MISSING, *dialect.na_values]
    return _parse(
        data,
        dialect,
        columns,
        na_values=missing,
        dtype_backend="numpy_nullable",
        low_memory=False,
        **_EXACT,
        **options,
    )


def parse_texts(data: bytes, dialect: CsvDialect, columns: Sequence[int]) -> pd.DataFrame:
    """Parse columns as text, to the letter but for blanks around it."""
    if dialect.na_values:
        texts = _parse(data, dialect, columns, dtype=str, na_values=list(dialect.na_values))
    else:
        texts = _parse(data, dialect, columns, dtype=str, na_filter=False)
    if _may_have_blanks(data, dialect.separator):
        for position in columns:
            texts[position] = texts[position].str.strip()
    return texts


def _may_have_blanks(data: bytes, separator: str) -> bool:
    """Say whether blanks stand at the borders of cells; in most files there are none."""
    mark = separator.encode()
    borders = (b" " + mark, mark + b" ", b" \n", b"\n ", b" \r", b'" ', b' "')
    return data.startswith(b" ") or data.endswith(b" ") or any(border in data for border in borders)


def _parse(
    data: bytes, dialect: CsvDialect, columns: Sequence[int], **options: Any
) -> pd.DataFrame:
    # Positions for names: they need not be unique, nor be there.
    frame: pd.DataFrame = pd.read_csv(
        BytesIO(data), header=None, names=range(len(dialect.names)), usecols=list(columns),
        sep=dialect.separator, decimal=dialect.decimal, skipinitialspace=True,
        keep_default_na=False, **options,
    )  # fmt: skip
    return frame
