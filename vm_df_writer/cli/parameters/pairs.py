"""Options that are pairs of a name and a value."""

from __future__ import annotations

import click

__all__ = ["name_value_pairs"]


def name_value_pairs(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    """Return the pairs of an option that may be repeated, ``NAME=VALUE``.

    Raises
    ------
    BadParameter
        If one is no pair, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"expected NAME=VALUE, got {text!r}")
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice; keep one of the two")
        pairs[name] = value
    return pairs
