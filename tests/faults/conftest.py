from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import FaultProxy
from vm_df_writer.local import LocalVictoriaMetrics


@pytest.fixture
def run(request: pytest.FixtureRequest) -> str:
    """A metric name of the test's own."""
    return f"{request.node.name}_{time.time_ns()}"


@pytest.fixture
def proxy(victoria_metrics: LocalVictoriaMetrics) -> Iterator[FaultProxy]:
    with FaultProxy(victoria_metrics.url).running() as proxy:
        yield proxy
