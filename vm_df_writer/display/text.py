"""Moments, counts, durations, paths, names and lines as short text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from reprlib import Repr

__all__ = [
    "bounded",
    "counted",
    "describe_counts",
    "describe_seconds",
    "describe_span",
    "did_you_mean",
    "format_utc",
    "printable",
    "shown",
    "shown_line",
]


def format_utc(epoch_ms: int | None) -> str:
    """Return epoch milliseconds as readable UTC, or a dash for None.

    Examples
    --------
    >>> format_utc(1767225600123)
    '2026-01-01 00:00:00.123 UTC'
    """
    if epoch_ms is None:
        return "-"
    seconds, milliseconds = divmod(epoch_ms, 1000)
    moment = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment}.{milliseconds:03d} UTC" if milliseconds else f"{moment} UTC"


def describe_counts(counts: Mapping[str, int]) -> str:
    """Return ``1,200 nan, 3 duplicate``, or a dash where there is nothing.

    Examples
    --------
    >>> describe_counts({"nan": 1200, "inf": 0})
    '1,200 nan'
    """
    return ", ".join(f"{n:,} {reason}" for reason, n in counts.items() if n) or "-"


def counted(number: int, thing: str) -> str:
    """Return ``1 part`` or ``2,000 parts``.

    Examples
    --------
    >>> counted(1, "part"), counted(2000, "part")
    ('1 part', '2,000 parts')
    """
    return f"{number:,} {thing}" + "s" * (number != 1)


def describe_seconds(seconds: float) -> str:
    """Return a duration as people say it.

    Examples
    --------
    >>> describe_seconds(42.4), describe_seconds(3725)
    ('42 s', '1 h 2 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}


def describe_span(span_ms: int) -> str:
    """Return a span of time exactly, in the largest unit that can say it.

    Examples
    --------
    >>> describe_span(7_200_000), describe_span(90_000)
    ('2 h', '90 s')
    """
    unit, unit_ms = next((name, ms) for name, ms in _UNITS_MS.items() if span_ms % ms == 0)
    return f"{span_ms // unit_ms:,} {unit}"


_SHOWN_LINE_CHARS = 300


def shown_line(line: str) -> str:
    """Return the beginning of an import line, as people are shown it.

    Examples
    --------
    >>> shown_line(""), len(shown_line("x" * 1000))
    ('-', 303)
    """
    return line[:_SHOWN_LINE_CHARS] + "..." * (len(line) > _SHOWN_LINE_CHARS) or "-"


_MOST_NAME_CHARS = 200
_MOST_SHOWN_CHARS = 400
_MOST_CHARS, _TAIL_CHARS = 4000, 1000

_REPR = Repr()
_REPR.maxlevel = 2
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 200
_REPR.maxdict = _REPR.maxlist = _REPR.maxtuple = _REPR.maxset = 10


def shown(value: object) -> str:
    """Return the ``repr`` of what a caller passed, and of something large its beginning and end.

    A few lines of YAML can hold a list whose ``repr`` fills the memory.

    Examples
    --------
    >>> shown("5 s"), shown([[[[[1]]]]]), len(shown("x" * 1000))
    ("'5 s'", '[[[...]]]', 200)
    """
    try:
        text = _REPR.repr(value)
    except Exception:  # noqa: BLE001 - of anybody's class, and of an int that is too long
        return f"<{type(value).__name__}>"
    return text if len(text) <= _MOST_SHOWN_CHARS else f"{text[:_MOST_SHOWN_CHARS]}..."


def bounded(message: str) -> str:
    """Return a message, and of a long one its beginning and its end.

    Examples
    --------
    >>> bounded("short"), len(bounded("x" * 10**6))
    ('short', 4005)
    """
    if len(message) <= _MOST_CHARS:
        return message
    return f"{message[: _MOST_CHARS - _TAIL_CHARS]} ... {message[-_TAIL_CHARS:]}"


def printable(path: str) -> str:
    r"""Return a file name as JSON and SQLite can hold it, which is UTF-8.

    Examples
    --------
    >>> printable("caf\udce9.csv")
    'caf?.csv'
    """
    return path.encode(errors="replace").decode()


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """Return ``; did you mean 'host'?`` for the nearest known name, or an empty string.

    Examples
    --------
    >>> did_you_mean("hots", ["host", "score"])
    "; did you mean 'host'?"
    >>> did_you_mean("zebra", ["host", "score"])
    ''
    """
    text = name if isinstance(name, str) else shown(name)
    match = get_close_matches(text[:_MOST_NAME_CHARS], [str(k) for k in known], n=1)
    return f"; did you mean {match[0]!r}?" if match else ""
