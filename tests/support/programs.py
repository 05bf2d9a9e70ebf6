"""Programs of VictoriaMetrics that a test runs.

Without one the test is skipped, with the reason; with CI=true it fails.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

from vm_df_writer.local import find_program

__all__ = ["miss", "require_program"]


def require_program(name: str) -> str:
    """Return the path of a program."""
    program = find_program(name)
    if program is None:
        miss(f"{name} is not on the PATH; the Debian package victoria-metrics has it")
    return program


def miss(reason: str) -> NoReturn:
    """End the test, since something is not installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
