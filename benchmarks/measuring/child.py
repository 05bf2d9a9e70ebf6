"""Functions in a fresh interpreter, so that nothing that ran before disturbs a measurement."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "call_in_child", "run_python"]

ROOT = Path(__file__).parents[2]


def run_python(arguments: Sequence[str], *, env: dict[str, str] | None = None) -> str:
    """Run this Python at the root of the project, and return the last line that it prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own code
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def call_in_child(module: str, function: str, *arguments: Any, hide: Sequence[str] = ()) -> Any:
    """Call a function of this package in a child, where some packages cannot be imported.

    Arguments and result pass as JSON.
    """
    call = json.dumps([module, function, arguments, list(hide)])
    return json.loads(run_python(["-m", "benchmarks.measuring.child", call]))


def _main() -> None:
    module, function, arguments, hide = json.loads(sys.argv[1])
    for name in hide:
        sys.modules[name] = None  # type: ignore[assignment] # what makes an import fail
    result = getattr(importlib.import_module(module), function)(*arguments)
    print(json.dumps(result))


if __name__ == "__main__":
    _main()
