"""StoredFormat: what `metric_format` made of a variable and a query key, read backwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

__all__ = ["SeriesRoles", "StoredFormat"]

_PLACEHOLDER = re.compile(r"\$(VAR|QUERY_KEY)")


class SeriesRoles(NamedTuple):
    """The labels of a series, by what a frame makes of them.

    Attributes
    ----------
    var : str
        What $VAR stands for.
    query_key : str or None
        What $QUERY_KEY stands for.
    labels : mapping of str to str
        All labels that `metric_format` does not set.
    """

    var: str
    query_key: str | None
    labels: Mapping[str, str]


class StoredFormat:
    """Finds the variable and the query key in the labels that a metric format gave.

    Parameters
    ----------
    metric_format : mapping of str to str
        Labels whose values may hold ``$VAR`` and ``$QUERY_KEY``.

    Examples
    --------
    >>> stored = StoredFormat({"__name__": "vm_$VAR", "for": "$QUERY_KEY"})
    >>> stored.roles_of({"__name__": "vm_y", "for": "cpu", "host": "a"})
    SeriesRoles(var='y', query_key='cpu', labels={'host': 'a'})
    >>> stored.roles_of({"__name__": "up"}) is None
    True
    """

    def __init__(self, metric_format: Mapping[str, str]) -> None:
        self._templates = dict(metric_format)
        # What holds one placeholder comes first: it says where another one ends that holds both.
        self._order = sorted(
            (name for name, text in self._templates.items() if "$" in text),
            key=lambda name: len(set(_PLACEHOLDER.findall(self._templates[name]))),
        )

    def roles_of(self, labels: Mapping[str, str]) -> SeriesRoles | None:
        """Return the roles of the labels of a series; None if it is not of this format."""
        known: dict[str, str | None] = {"VAR": None, "QUERY_KEY": None}
        for name in self._order:
            if name in labels:
                template = self._templates[name]
                held = {part: text for part, text in known.items() if f"${part}" in template}
                match = _pattern(template, **held).fullmatch(labels[name])
                if match is None:
                    return None
                known |= match.groupdict()
        var, query_key = known["VAR"], known["QUERY_KEY"]
        if var is None or any(
            labels.get(name, "") != _render(text, known) for name, text in self._templates.items()
        ):
            return None
        rest = {name: text for name, text in labels.items() if name not in self._templates}
        return SeriesRoles(var, query_key, rest)


@lru_cache(maxsize=256)
def _pattern(template: str, **known: str | None) -> re.Pattern[str]:
    """Return what a label must look like, with a group for each placeholder not yet known."""
    pattern, seen = "", set()
    for i, part in enumerate(_PLACEHOLDER.split(template)):
        if i % 2 == 0:
            pattern += re.escape(part)
        elif (text := known[part]) is not None:
            pattern += re.escape(text)
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            pattern += f"(?P<{part}>.+)"
            seen.add(part)
    return re.compile(pattern, re.DOTALL)


def _render(template: str, known: Mapping[str, str | None]) -> str:
    """Return what the format makes of a template; nothing where what it holds is absent."""
    if any(known[name] is None for name in _PLACEHOLDER.findall(template)):
        return ""
    return _PLACEHOLDER.sub(lambda found: known[found[1]] or "", template)
