from __future__ import annotations

import pytest


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A prefix of metric names that no other test uses."""
    return "".join(c if c.isalnum() else "_" for c in request.node.name)
