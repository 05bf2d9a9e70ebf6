"""Print the oldest supported version of every dependency, as pins for pip.

They are read from pyproject.toml, so that what it promises is what is tested. The extra `plot` is
left out: an old matplotlib only warns about its own dependencies.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
for requirement in [*project["dependencies"], *extras["arrow"], *extras["metrics"]]:
    print(requirement.replace(">=", "=="))
