"""File -> DataFrame, with every digit, zone and label as it is written there.

CSV holds text, and pandas guesses what it means: by itself it makes 7 of ``007``, nothing of the
label ``NA``, and ``y.1`` of a second column ``y``.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Hashable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError

__all__ = ["import_pyarrow", "read_csv", "read_file"]

# Before pandas 3.1 the default parser could miss the last bit of a number.
_PANDAS = tuple(map(int, pd.__version__.split(".")[:2]))
_EXACT: dict[str, Any] = {} if _PANDAS >= (3, 1) else {"float_precision": "round_trip"}


def read_file(path: str, reading: ReadOptions) -> pd.DataFrame:
    """Read a file of the format that its name says; ``-`` is CSV on standard input.

    Parameters
    ----------
    path : str
        ``.csv``, also ``.csv.gz`` and ``.csv.zst``, or ``.parquet``.
    reading : ReadOptions
        Says which columns of a CSV hold labels: see :func:`read_csv`.

    Raises
    ------
    FrameError
        If the file cannot be read.
    """
    try:
        if path == "-":
            return read_csv(sys.stdin.buffer.read(), reading)
        return _read_by_name(Path(path), reading)
    except FrameError:
        raise
    except (OSError, EOFError, ValueError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error).strip()
        reason = reason.removeprefix("Error tokenizing data. C error: ")
        raise FrameError(f"cannot be read: {reason}; check the file") from None


def _read_by_name(path: Path, reading: ReadOptions) -> pd.DataFrame:
    name = path.name.lower()
    if name.endswith(".csv"):
        return read_csv(path.read_bytes(), reading)
    if name.endswith(".csv.gz"):
        return read_csv(gzip.decompress(path.read_bytes()), reading)
    if name.endswith(".csv.zst"):
        with import_pyarrow().input_stream(str(path), compression="zstd") as stream:
            return read_csv(stream.read(), reading)
    if name.endswith(".parquet"):
        import_pyarrow()
        # As NumPy's dtypes, integers would lose digits where one of them is missing.
        return _with_plain_floats(pd.read_parquet(path, dtype_backend="numpy_nullable"))
    raise FrameError(
        "the name does not say a known format; name it .csv, .csv.gz, .csv.zst or .parquet, or "
        "pass CSV on standard input, as '-'"
    )


def import_pyarrow() -> Any:
    """Return pyarrow.

    Raises
    ------
    FrameError
        If it is not installed.
    """
    try:
        return import_module("pyarrow")
    except ImportError:
        raise FrameError(
            "this format needs pyarrow, which is not installed; pip install 'vm_df_writer[arrow]'"
        ) from None


def read_csv(data: bytes, reading: ReadOptions) -> pd.DataFrame:
    r"""Read CSV with a header line, in UTF-8.

    A column is read as numbers if each of its cells is one, or missing; integers with leading
    zeros are none. Any other column is text, to the letter: only numbers can be missing as
    ``NA`` or ``null``. What `reading` names as labels, as the variable or as the query key is
    always text, and what it names as values must be numbers. A first column without a name is
    the index.

    Parameters
    ----------
    data : bytes
        The whole file.
    reading : ReadOptions
        How the frame will be read.

    Raises
    ------
    FrameError
        If a column has no name or the name of another one, a line has more cells than the
        header, a value is no number, or a column holds nothing but words such as ``NA`` and
        it is not said whether they are labels.

    Examples
    --------
    >>> read_csv(b"host,zone,y\n007,NA,1.5\n008,eu,NA\n", ReadOptions()).to_numpy().tolist()
    [['007', 'NA', 1.5], ['008', 'eu', nan]]
    """
    names = _column_names(data)
    guessed = _parse(data, names, dtype_backend="numpy_nullable", low_memory=False, **_EXACT)
    if not isinstance(guessed.index, pd.RangeIndex):  # pandas' reading of longer lines
        raise FrameError(
            f"lines have more cells than the header has names ({len(names)}); name every column, "
            "and put cells that hold commas in double quotes"
        )
    roles = _roles(names, reading)
    not_floats = [n for n in names if guessed[n].dtype != "Float64" or roles.get(n) == "label"]
    texts = _parse(data, names, usecols=not_floats, dtype=str, na_filter=False)
    frame = _with_plain_floats(guessed)
    for name in not_floats:
        frame[name] = _resolve(guessed[name], texts[name], roles.get(name), reading)
    return frame.set_index("").rename_axis(None) if names[0] == "" else frame


def _roles(names: list[str], reading: ReadOptions) -> dict[Hashable, str]:
    """Say which columns hold labels and which hold values, as far as the keywords name them."""
    roles: dict[Hashable, str] = {reading.query_key_level: "label"}
    if reading.variable_column in names and reading.value_column in names:
        roles |= {reading.variable_column: "label", reading.value_column: "value"}
    roles |= dict.fromkeys(reading.value_columns or (), "value")
    return roles | dict.fromkeys(reading.label_columns or (), "label")


def _column_names(data: bytes) -> list[str]:
    header = pd.read_csv(BytesIO(data), header=None, nrows=1, dtype=str, na_filter=False)
    names: list[str] = header.iloc[0].tolist()
    for position, name in enumerate(names):
        if position and not name:
            raise FrameError(f"column {position + 1} has no name in the header; name it")
        if name in names[:position]:
            raise FrameError(f"column {name!r} stands twice in the header; rename one of them")
    return names


def _parse(data: bytes, names: list[str], **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(BytesIO(data), names=names, header=0, **options)
    return frame


def _resolve(
    guess: pd.Series, text: pd.Series, role: str | None, reading: ReadOptions
) -> pd.Series:
    """Return what a column holds: its cells as pandas takes them, or their text."""
    if role == "label":
        return text
    if guess.isna().all():
        words = [word for word in text.unique() if word.strip().lower() not in ("", "nan")]
        return text if words and _are_labels(text.name, words[0], role, reading) else guess
    are_numbers = pd.api.types.is_numeric_dtype(guess.dtype)
    if role == "value" and not are_numbers:
        bad = pd.to_numeric(text, errors="coerce").isna() & guess.notna()
        row = int(bad.to_numpy().argmax())
        raise FrameError(
            f"column {text.name!r}, row {row}: expected a number, got {text[row]!r}; correct the "
            "file or name other columns with value_columns="
        )
    if are_numbers and (role == "value" or not text.str.match(r"\s*[+-]?0[0-9]").any()):
        return guess
    return text


def _are_labels(name: Hashable, word: str, role: str | None, reading: ReadOptions) -> bool:
    """Say what a column holds that has nothing but one of the words for a missing number."""
    if role == "value" or (reading.label_columns is not None and reading.value_columns is None):
        return False
    if reading.value_columns is not None:
        return True
    raise FrameError(
        f"column {name!r}: holds nothing but {word!r}, which may be missing numbers or a label; "
        "name it with value_columns= or label_columns="
    )


def _with_plain_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """Return nullable floats as NumPy's, which are read faster and can be missing too."""
    names = frame.columns[[dtype == "Float64" for dtype in frame.dtypes]]
    return frame.astype(dict.fromkeys(names, np.float64))
