"""How pictures and messages name a series."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Labels", "describe_labels", "describe_rows"]

Labels = tuple[tuple[str, str], ...]
"""The labels of a series but for its variable, sorted by name."""


def describe_labels(labels: Labels) -> str:
    """Return labels as a picture names a series.

    Examples
    --------
    >>> describe_labels((("host", "web-01"), ("zone", "a")))
    'host=web-01, zone=a'
    """
    return ", ".join(f"{name}={value}" for name, value in labels)


def describe_rows(rows: Sequence[Labels]) -> list[str]:
    """Name series by the labels in which they differ.

    Examples
    --------
    >>> describe_rows([(("host", "a"), ("zone", "x")), (("host", "b"), ("zone", "x"))])
    ['a', 'b']
    """
    shared = set.intersection(*map(set, rows)) if len(rows) > 1 else set()
    differing = [tuple(pair for pair in labels if pair not in shared) for labels in rows]
    if len({name for labels in differing for name, _ in labels}) == 1:
        return [labels[0][1] if labels else "" for labels in differing]
    return [describe_labels(labels) for labels in differing]
