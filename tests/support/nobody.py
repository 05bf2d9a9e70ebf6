"""What a user may do who is not root."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root"
)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Go on as the user nobody."""
    gc.collect()  # semaphores that nobody holds any more are root's, and only root may remove them
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
