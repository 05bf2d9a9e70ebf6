from __future__ import annotations

import pytest


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A prefix of metric names that no other test uses."""
    module = request.module.__name__.rpartition(".")[2]  # tests of two modules may share a name
    return "".join(c if c.isalnum() else "_" for c in f"{module}_{request.node.name}")
