"""How a CSV is written: its separator, its decimal mark and the names in its header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.lines import first_line_end
from vm_df_writer.files.file_options import FileOptions

__all__ = ["CsvDialect", "decode_utf8", "sniff_dialect"]

_SEPARATORS = (",", ";", "\t", "|")
_SHOWN_AS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LINES = 50

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEPARATOR_LINE = re.compile(rb'"?sep=([^"\r\n])"?\r?\n', re.IGNORECASE)
_BLANK_LINES = re.compile(rb"(?:[ \t]*\r?\n)+")
_NUMBER_OR_TIME = re.compile(
    r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?|nan|\d{4}-\d\d-\d\d([T ].*)?", re.IGNORECASE
)


@dataclass(frozen=True)
class CsvDialect:
    """How a CSV is written.

    Attributes
    ----------
    separator, decimal, thousands, encoding, na_values
        As in :class:`~vm_df_writer.files.file_options.FileOptions`, all decided.
    names : tuple of str
        The names of all columns; an empty one in front is that of the index.
    """

    separator: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    na_values: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> CsvDialect:
        """Return a dialect of plain values, as JSON has them."""
        lists = {name: tuple(plain[name]) for name in ("na_values", "names")}
        return cls(**{**plain, **lists})


def sniff_dialect(
    head: bytes,
    options: FileOptions,
    *,
    encoding: str = "utf-8",
    default_separator: str = ",",
) -> tuple[CsvDialect, int]:
    r"""Return how a CSV is written, as far as its first lines show, and where its header ends.

    The decimal mark is a point unless it is named: what the cells show comes later.

    Parameters
    ----------
    head : bytes
        The first lines, whole, in UTF-8.
    options : FileOptions
        What is known beforehand.
    encoding : str
        The encoding of the file.
    default_separator : str
        What the name of the file promises.

    Raises
    ------
    SourceError
        If there is no header, more than one separator fits, or a column has no name.

    Examples
    --------
    >>> dialect, end = sniff_dialect(b"t;y\n1;2\n", FileOptions())
    >>> dialect.separator, dialect.names, end
    (';', ('t', 'y'), 4)
    """
    start = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    separator = options.separator
    if found := _SEPARATOR_LINE.match(head, start):
        separator = separator or found[1].decode()
        start = found.end()
    if blank_lines := _BLANK_LINES.match(head, start):
        start = blank_lines.end()
    if not head[start:].strip():
        raise SourceError("is empty; a CSV begins with the names of its columns")
    _check_no_annotations(head[start:])
    separator = separator or _find_separator(decode_utf8(head[start:]), default_separator)
    end = start + first_line_end(head[start:], separator)
    header = next(_records(decode_utf8(head[start:end]), separator))
    dialect = CsvDialect(
        separator=separator,
        decimal=options.decimal or ".",
        thousands=options.thousands,
        encoding=encoding,
        na_values=tuple(options.na_values),
        names=tuple(_check_names(_strip_names(header))),
    )
    return dialect, end


def decode_utf8(text: bytes) -> str:
    """Decode a text that a file holds.

    Raises
    ------
    SourceError
        If it is no UTF-8; names the first byte that shows it.
    """
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            f"is no UTF-8 (byte {text[error.start]:#04x} at {error.start:,}); name what it is "
            "with encoding=, such as encoding='cp1252'"
        ) from None


def _records(text: str, separator: str) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _find_separator(text: str, default: str) -> str:
    """Find the separator that cuts the header and the lines below it into equally many cells."""
    counts = {separator: _count_cells(text, separator) for separator in _SEPARATORS}
    cuts = [separator for separator in _SEPARATORS if counts[separator][0] > 1]
    fits = [s for s in cuts if len(set(counts[s])) == 1]
    # A line may lack its last cells, but one that is not cut at all speaks against a separator.
    fits = fits or [s for s in cuts if min(counts[s]) > 1 and max(counts[s]) == counts[s][0]]
    # Some lines may be torn, which reading them will tell.
    fits = fits or [s for s in cuts if median(counts[s]) == counts[s][0]]
    if len(fits) > 1:
        # What is cut within quotes leaves quotes behind.
        fits = [s for s in fits if not _leaves_quotes(text, s)] or fits
    if len(fits) > 1 and (default == "\t" or len(counts[default]) == 1):
        return default if default in fits else fits[0]
    if len(fits) > 1:
        names = " or ".join(_SHOWN_AS[separator] for separator in fits)
        raise SourceError(
            f"its cells may be separated by {names}; say which with separator=, such as "
            f"separator={fits[0]!r}"
        )
    return fits[0] if fits else default


def _count_cells(text: str, separator: str) -> list[int]:
    try:
        records = islice(filter(None, _records(text, separator)), _LINES)
        return [len(record) for record in records]
    except csv.Error:  # a cell that is too long to be one
        return [1]


def _leaves_quotes(text: str, separator: str) -> bool:
    return any('"' in cell for cell in next(_records(text, separator)))


def _check_no_annotations(text: bytes) -> None:
    lines = text.split(b"\n", 30)[:30]
    marked = next((i for i, line in enumerate(lines) if not line.startswith((b"#", b'"#'))), 0)
    if marked > 1:
        first = lines[0].decode(errors="replace").strip()[:40]
        raise SourceError(
            f"begins with {marked} lines of annotations or comments (first: {first!r}); remove the "
            "lines that begin with #, as with: grep -v '^#' FILE | vm-df-writer write -"
        )


def _strip_names(header: Sequence[str]) -> list[str]:
    """Strip blanks, and the mark of a comment that NumPy and sar write in front of a header."""
    names = [name.strip() for name in header]
    return [re.sub(r"^#\s+(?=.)", "", names[0]), *names[1:]]


def _check_names(names: Sequence[str]) -> Sequence[str]:
    seen: set[str] = set()
    n_named = max((i for i, name in enumerate(names) if name), default=0) + 1
    for position, name in enumerate(names):
        # What is behind the last name may be what separators at each line's end make.
        if position and not name and position < n_named:
            raise SourceError(f"column {position + 1} has no name in the header; name it")
        if name in seen and name:
            raise SourceError(f"column {name!r} stands twice in the header; rename one of them")
        seen.add(name)
    given = [name for name in names if name]
    if given and names[0] and all(_NUMBER_OR_TIME.fullmatch(name) for name in given):
        raise SourceError(
            f"its first line holds data ({', '.join(given[:3])}), not the names of columns; put a "
            "header line in front, such as time,host,score"
        )
    return names
