"""The call that a refusal proposes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

__all__ = ["Proposal", "shown_values"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Proposal:
    """The roles of all columns but those that are in doubt, to be named by keywords."""

    label_columns: Sequence[Hashable]
    value_columns: Sequence[Hashable]

    def with_label(self, *names: Hashable) -> str:
        """Return the keywords that make labels of some columns, too.

        Examples
        --------
        >>> Proposal(["host"], ["y"]).with_label("rack")
        "label_columns=['host', 'rack'], value_columns=['y']"
        """
        return self._keywords(names, labels=names)

    def without(self, *names: Hashable) -> str:
        """Return the keywords that leave some columns out."""
        return self._keywords(names)

    def with_value(self, *names: Hashable) -> str:
        """Return the keywords that make values of some columns, too."""
        return self._keywords(names, values=names)

    def _keywords(
        self,
        names: Sequence[Hashable],
        *,
        labels: Sequence[Hashable] = (),
        values: Sequence[Hashable] = (),
    ) -> str:
        labels = [*(name for name in self.label_columns if name not in names), *labels]
        values = [*(name for name in self.value_columns if name not in names), *values]
        return f"label_columns={labels!r}, value_columns={values!r}"


def shown_values(values: Sequence[object]) -> str:
    """Return the first of some values, as messages show what was found.

    Examples
    --------
    >>> shown_values(["a", "b"]), shown_values([1, 2, 3, 4])
    ("'a', 'b'", '1, 2, 3, ...')
    """
    shown = ", ".join(_short(value) for value in values[:_SHOWN])
    return shown + (", ..." if len(values) > _SHOWN else "")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
