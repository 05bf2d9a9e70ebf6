"""Print the oldest supported version of every dependency, as pins for pip.

They are read from pyproject.toml, so that what it promises is what is tested. Two extras are left
out: `plot`, since an old matplotlib only warns about its own dependencies, and `spark`, which needs
a newer pyarrow than `arrow` does.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
requirements = list(project["dependencies"])
for extra, of_extra in project["optional-dependencies"].items():
    if extra not in ("all", "plot", "spark"):
        requirements += of_extra
for requirement in requirements:
    name, oldest = requirement.split(">=")
    print(f"{name.partition('[')[0]}=={oldest}")  # a constraint of pip has no extras
