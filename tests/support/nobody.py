"""What a user may do who is not root."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root"
)


@contextmanager
def folder_of_all() -> Iterator[Path]:
    """Give a folder that every user may enter, as those of `tmp_path` may be entered by one.

    Each run of pytest that begins closes them again.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


@contextmanager
def as_nobody() -> Iterator[None]:
    """Go on as the user nobody."""
    gc.collect()  # semaphores that nobody holds any more are root's, and only root may remove them
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
