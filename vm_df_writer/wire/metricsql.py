"""Selectors: label sets -> the MetricsQL that reads their series back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import numpy as np
import orjson

__all__ = ["exact_selector", "moment_text", "shared_selectors"]

_IDENTIFIER = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


def exact_selector(labels: Mapping[str, str], *, quotes_names: bool = False) -> str:
    r"""Return the narrowest selector that matches a label set.

    It matches every series that has at least these labels, so the reader still
    has to compare whole label sets. A JSON string is a MetricsQL string too: both
    know the same escapes.

    Examples
    --------
    >>> exact_selector({"__name__": "y", "host": 'say "hi"'})
    '{__name__="y",host="say \\"hi\\""}'

    A series without a name must not be looked for among those that have one:

    >>> print(exact_selector({"data center": "a"}))
    {__name__="",data\x20center="a"}

    PromQL has quotes around a name that is no identifier:

    >>> print(exact_selector({"__name__": "y", "data center": "a"}, quotes_names=True))
    {__name__="y","data center"="a"}
    """
    escape = _quote_name if quotes_names else _escape_name
    filters = [
        f"{escaped}={orjson.dumps(value).decode()}"
        for name, value in labels.items()
        if (escaped := escape(name)) is not None
    ]
    if "__name__" not in labels:
        filters.insert(0, '__name__=""')
    return "{" + ",".join(filters) + "}"


def shared_selectors(
    label_sets: Iterable[Mapping[str, str]],
    render: Callable[[Mapping[str, str]], str] = exact_selector,
) -> list[str]:
    """Return one selector per metric name, with the labels that all its series share.

    Examples
    --------
    >>> shared_selectors(
    ...     [
    ...         {"__name__": "y", "for": "cpu", "host": "a"},
    ...         {"__name__": "y", "for": "cpu", "host": "b"},
    ...     ]
    ... )
    ['{__name__="y",for="cpu"}']
    """
    shared: dict[str, dict[str, str]] = {}
    for labels in label_sets:
        name = labels.get("__name__", "")
        known = shared.setdefault(name, dict(labels))
        if not known.items() <= labels.items():
            shared[name] = {n: value for n, value in known.items() if labels.get(n) == value}
    return [render({"__name__": name, **labels}) for name, labels in shared.items()]


def _quote_name(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else orjson.dumps(name).decode()


@lru_cache(maxsize=4096)
def _escape_name(name: str) -> str | None:
    r"""Return a label name as MetricsQL; None if servers disagree on how to write it.

    Old servers read ``\xe9`` as a byte, new ones as a code point, so only ASCII is
    escaped by its number. What is left cannot be printed and is not ASCII.
    """
    if _IDENTIFIER.fullmatch(name):
        return name
    if not all(char.isascii() or char.isprintable() for char in name):
        return None
    return "".join(
        char
        if _IDENTIFIER.fullmatch(f"_{char}") and not (i == 0 and char.isdigit())
        else f"\\x{ord(char):02x}"
        if char.isascii()
        else f"\\{char}"
        for i, char in enumerate(name)
    )


# VictoriaMetrics 1.112 takes a number from here on for milliseconds: without a word it answers for
# a time in 1970. Text is taken alike by all.
_FIRST_MISREAD_MS = 2**32 * 1000


def moment_text(epoch_ms: int) -> str:
    """Return epoch milliseconds as seconds, or from 2106 on as text of ISO 8601.

    Examples
    --------
    >>> moment_text(1767225600500), moment_text(7258118400000)
    ('1767225600.500', '2200-01-01T00:00:00.000Z')
    """
    if epoch_ms < _FIRST_MISREAD_MS:
        return f"{epoch_ms / 1000:.3f}"
    return f"{np.datetime64(epoch_ms, 'ms')}Z"
