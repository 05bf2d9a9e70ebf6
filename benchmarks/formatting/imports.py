"""`import vm_df_writer` against `import pandas`, each in a process of its own."""

from __future__ import annotations

from functools import partial

from benchmarks.measuring.child import run_python
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, alternate

__all__ = ["compare_imports"]

_IMPORT = """
import time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


def compare_imports(sizes: Sizes) -> Comparison:
    """Time both imports, with compiled bytecode as an installed package has it."""
    env = {"PYTHONDONTWRITEBYTECODE": ""}  # so that a first import leaves it beside the sources

    def seconds(module: str) -> float:
        return float(run_python(["-c", _IMPORT.format(module=module)], env=env))

    timings = alternate(
        {name: partial(seconds, name) for name in ("vm_df_writer", "pandas")},
        2 * sizes.repetitions,
    )
    return Comparison(
        "import vm_df_writer", "import pandas", 0, timings["vm_df_writer"], timings["pandas"], 1.3
    )
