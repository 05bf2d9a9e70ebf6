"""A progress bar where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from tqdm import tqdm

__all__ = ["ProgressChoice", "is_interactive", "progress_bar"]

ProgressChoice = bool | Literal["auto"]


def is_interactive() -> bool:
    """Say whether somebody sees standard error: in a terminal or a notebook."""
    ipython = sys.modules.get("IPython")
    return sys.stderr.isatty() or (ipython is not None and ipython.get_ipython() is not None)


@contextmanager
def progress_bar(choice: ProgressChoice, n_samples: int) -> Iterator[Callable[[int], object]]:
    """Show how many samples are done, on standard error.

    Parameters
    ----------
    choice : bool or "auto"
        ``"auto"`` shows the bar in a terminal or a notebook, once a write takes a second.
    n_samples : int
        How many there are.

    Yields
    ------
    callable
        To be called with the number of samples that were just done.
    """
    with tqdm(
        total=n_samples,
        unit=" samples",
        unit_scale=True,
        disable=not (is_interactive() if choice == "auto" else choice),
        delay=1.0 if choice == "auto" else 0.0,
        dynamic_ncols=True,
    ) as bar:
        yield bar.update
