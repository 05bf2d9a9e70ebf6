"""A progress bar in a terminal or a notebook."""

from __future__ import annotations

import sys
from typing import Any, Literal, Self

from tqdm import tqdm

__all__ = ["ProgressBar", "ProgressChoice", "is_interactive"]

ProgressChoice = bool | Literal["auto"]


def is_interactive() -> bool:
    """Say whether a person sees standard error: in a terminal or a notebook."""
    ipython = sys.modules.get("IPython")
    return sys.stderr.isatty() or (ipython is not None and ipython.get_ipython() is not None)


class ProgressBar:
    """Shows how many samples are done, on standard error, while its block is run.

    Parameters
    ----------
    choice : bool or "auto"
        ``"auto"`` shows the bar in a terminal or a notebook, once a write takes a second.
    n_samples : int
        How many there are.

    Examples
    --------
    >>> with ProgressBar(False, 100) as bar:
    ...     bar.add(20)
    """

    def __init__(self, choice: ProgressChoice, n_samples: int) -> None:
        self._choice = choice
        self._n_samples = n_samples
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar = tqdm(
            total=self._n_samples,
            unit=" samples",
            unit_scale=True,
            disable=not (is_interactive() if self._choice == "auto" else self._choice),
            delay=1.0 if self._choice == "auto" else 0.0,
            dynamic_ncols=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def add(self, n_samples: int) -> None:
        """Show that so many samples more are done; nothing outside of the block."""
        if self._bar is not None:
            self._bar.update(n_samples)
