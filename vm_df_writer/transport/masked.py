"""Masked: a secret that tracebacks do not show."""

from __future__ import annotations

__all__ = ["SHORTEST_KEY", "Masked"]

SHORTEST_KEY = 12
"""A shorter header is no secret: it may be the number of a tenant, which stands in many a text."""


class Masked(str):
    """A secret that tracebacks with local variables (rich, Sentry) do not show.

    Examples
    --------
    >>> Masked("hush"), f"{Masked('hush')}"
    ('***', 'hush')
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
