from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.fault_proxy import FaultProxy
from vm_df_writer.local import LocalVictoriaMetrics


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    """A metric name of the test's own."""
    plain = "".join(c if c.isalnum() else "_" for c in request.node.name)
    return f"{plain}_{time.time_ns()}"


@pytest.fixture
def proxy(victoria_metrics: LocalVictoriaMetrics) -> Iterator[FaultProxy]:
    with FaultProxy(victoria_metrics.url).running() as proxy:
        yield proxy
    # What Ctrl-C left waiting for an answer comes to its end here, and not amid another test.
    for thread in threading.enumerate():
        if thread.name == "vm_df_writer sender":
            thread.join(10)
