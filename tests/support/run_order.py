"""The order of tests over several worker processes: what waits begins first, everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, groupby, islice

import pytest

__all__ = ["dealt"]

_COMPUTING = ("tests/corpus/", "tests/property/", "tests/unit/", "vm_df_writer/")


def dealt(items: Iterable[pytest.Item], n_workers: int) -> Iterator[pytest.Item]:
    """Give tests in an order of which each worker process first gets an equal part.

    Each part begins with some of the files that wait for servers and child processes, and ends with
    tests that compute, which idle workers take over from others (xdist's ``worksteal``).
    """
    files = [[*tests] for _, tests in groupby(items, lambda item: item.nodeid.partition("::")[0])]
    waiting = [tests for tests in files if not tests[0].nodeid.startswith(_COMPUTING)]
    computing = [tests for tests in files if tests[0].nodeid.startswith(_COMPUTING)]
    # Those right in tests/ run whole programs: benchmarks, pages of the documentation.
    waiting.sort(key=lambda tests: tests[0].nodeid.count("/"))
    fillers = chain.from_iterable(computing)
    n_left = sum(map(len, files))
    for k in range(n_workers):
        n = n_left // (n_workers - k)
        n_left -= n
        first = [*chain.from_iterable(waiting[k::n_workers])]
        yield from first
        yield from islice(fillers, max(0, n - len(first)))
    yield from fillers
