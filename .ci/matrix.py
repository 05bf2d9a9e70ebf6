"""Run tests with several Pythons, dependencies and servers: ``make matrix``.

``python .ci/matrix.py [--only NAME]... [ARGUMENT]...`` makes a virtual environment in .matrix/ for
each row, runs pytest with the arguments in it, and prints a table. It fails if a row does, and with
CI=true also if a Python is not to be had.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.packaged_servers import packaged_path, version_of  # noqa: E402

HOME = ROOT / ".matrix"
OLDEST = "oldest"  # in place of pins: those of .ci/oldest_pins.py
PRINTS_VERSIONS = """
import json, platform
from importlib.metadata import PackageNotFoundError, version
def of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"
names = ("pandas", "numpy", "pyarrow")
print(json.dumps([platform.python_version(), *map(of, names)]))
"""


@dataclass(frozen=True)
class Row:
    """An environment and the servers that it meets; the tests speak both wires in each."""

    name: str
    python: str
    server: str = "newest"
    extras: str = "[all]"
    pins: tuple[str, ...] = ()


ROWS = (
    Row("newest, Python 3.14", "3.14"),
    Row("newest, Python 3.13", "3.13"),
    Row("newest, Python 3.12", "3.12"),
    Row("newest, Python 3.11", "3.11"),
    Row("oldest server", "3.13", server="oldest"),
    Row("no extras", "3.13", extras=""),
    Row("pandas 3.0", "3.13", pins=("pandas==3.0.*",)),
    Row("pandas 2.3", "3.12", pins=("pandas==2.3.*",)),
    Row("pandas 2.2, oldest of all", "3.11", "oldest", "[all,dask]", (OLDEST,)),
)


@dataclass
class Result:
    """What became of a row."""

    row: Row
    outcome: str
    versions: list[str] = field(default_factory=lambda: ["-"] * 4)
    counts: list[int] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def cells(self) -> list[str]:
        """What stands in the table, below `HEADS`."""
        counts = [f"{count:,}" for count in self.counts] or ["-"] * 3
        minutes = f"{self.elapsed_s / 60:.1f}"
        server = server_version(self.row.server)
        return [self.row.name, *self.versions, server, *counts, minutes, self.outcome]


HEADS = [
    *("row", "Python", "pandas", "NumPy", "pyarrow", "server"),
    *("ran", "failed", "skipped", "minutes", "outcome"),
]
PASSED = "passed"
NO_PYTHON = "no such Python here"


def server_version(suite: str) -> str:
    """Return the version of the VictoriaMetrics that the tests of a suite start."""
    try:
        folder = Path(packaged_path(suite).split(os.pathsep)[0])
    except FileNotFoundError:
        return "the one on the PATH"
    return ".".join(map(str, version_of(folder / "victoria-metrics")))


def find_python(version: str) -> str | None:
    """Return a program that is this Python: one of the machine, or else one that is got."""
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(name), *map(str, pyenv.glob(f"{version}.*/bin/{name}"))]
    for program in filter(None, found):
        # pyenv puts a name on the PATH also for versions that are not chosen: these do not run.
        if subprocess.run([program, "-c", ""], check=False, capture_output=True).returncode == 0:
            return program
    get = [str(ROOT / ".ci" / "get-python"), version, str(HOME / "pythons")]
    got = subprocess.run(get, check=False, stdout=subprocess.PIPE)
    return got.stdout.decode().strip() or None


def install(row: Row, python: str, folder: Path) -> Path:
    """Make the environment of a row anew, and return its Python."""
    # This environment's pip installs into the others: a Python of Debian's has none.
    subprocess.run([python, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    own, pins = folder / "bin" / "python", folder / "pins.txt"
    pins.write_text(oldest_pins() if row.pins == (OLDEST,) else "\n".join(row.pins))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(own), "--quiet", "install"),
            *("--editable", f".{row.extras}", "--group", "test", "--constraint", str(pins)),
        ],
        check=True,
        cwd=ROOT,
    )
    return own


def oldest_pins() -> str:
    script = str(ROOT / ".ci" / "oldest_pins.py")
    printed = subprocess.run([sys.executable, script], check=True, cwd=ROOT, capture_output=True)
    return printed.stdout.decode()


def run(row: Row, arguments: list[str]) -> Result:
    print(f"\n== {row.name}", flush=True)
    begin = time.monotonic()
    python = find_python(row.python)
    if python is None:
        return Result(row, NO_PYTHON)
    folder = HOME / "".join(c if c.isalnum() or c == "." else "-" for c in row.name)
    try:
        own = install(row, python, folder)
    except subprocess.CalledProcessError as error:
        return Result(row, f"not installed (exit {error.returncode})")
    asked = subprocess.run([own, "-c", PRINTS_VERSIONS], check=True, stdout=subprocess.PIPE)
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    path = os.pathsep.join([str(own.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [own, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *arguments],
        check=False,
        cwd=ROOT,
        env={**os.environ, "VM_TEST_SUITE": row.server, "PATH": path},
    )
    return Result(
        row,
        PASSED if done.returncode == 0 else f"FAILED (pytest's exit {done.returncode})",
        json.loads(asked.stdout),
        counts_of(report) if report.exists() else [],
        time.monotonic() - begin,
    )


def counts_of(report: Path) -> list[int]:
    """Return how many tests ran, failed and were skipped, as pytest's report tells."""
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 - pytest's own
    told = {} if suite is None else suite.attrib
    tests, skipped = int(told["tests"]), int(told["skipped"])
    return [tests - skipped, int(told["failures"]) + int(told["errors"]), skipped]


def table(results: list[Result]) -> str:
    rows = [HEADS, *(result.cells for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, cells, widths))} |" for cells in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    names = [row.name for row in ROWS]
    parser.add_argument("--only", action="append", metavar="NAME", help=f"a row: {names}")
    chosen, arguments = parser.parse_known_args()
    for name in chosen.only or ():
        if name not in names:
            parser.error(f"--only: there is no row {name!r} (there are: {', '.join(names)})")
    results = [run(row, arguments) for row in ROWS if row.name in (chosen.only or names)]
    print(f"\n{table(results)}")
    outcomes = {result.outcome for result in results} - {PASSED}
    if os.environ.get("CI") != "true":
        outcomes -= {NO_PYTHON}
    return 1 if outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
