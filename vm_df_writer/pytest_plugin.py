"""A fixture for the tests of programs that write to VictoriaMetrics: ``victoria_metrics``.

pytest finds it by itself where this package is installed. Every start of pytest imports this
module, so that it imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vm_df_writer.local import LocalVictoriaMetrics

__all__ = ["victoria_metrics"]


@pytest.fixture(scope="session")
def victoria_metrics() -> Iterator[LocalVictoriaMetrics]:
    """Give a throw-away VictoriaMetrics, empty at first, that all tests of the session share.

    It keeps 100 years, so that tests can write at fixed times. Tests that share it write
    with a label of their own, such as ``labels={"test": request.node.name}``; one that needs
    an empty server, or flags, starts :class:`~vm_df_writer.local.LocalVictoriaMetrics` itself,
    which takes a tenth of a second. Under pytest-xdist each worker process has a server.

    Without a server program and without Docker the tests that ask for it are skipped, with
    the reason; with ``CI=true`` they fail.

    Yields
    ------
    LocalVictoriaMetrics
        A server that runs; ``victoria_metrics.url`` is what a writer takes.
    """
    from vm_df_writer.local import LocalVictoriaMetrics, ServerNotInstalled

    server = LocalVictoriaMetrics()
    try:
        server.start()
    except ServerNotInstalled as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    with server:
        yield server
