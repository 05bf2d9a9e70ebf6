"""The cases of ``benchmarks/micro`` on another commit and on the working tree, side by side.

``python -m benchmarks.compare BASE`` runs the cases of the working tree against both, in turns.
A case that only one of the two can run is listed as such.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring.child import ROOT

_ROUNDS = 3
_NOTABLE = 1.1


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("base", metavar="BASE", help="a commit, tag or branch")
    base = parser.parse_args().base
    with TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        try:
            _unpack(base, tree)
        except subprocess.CalledProcessError as error:
            parser.error(f"{base}: git has no such commit: {error.stderr.decode().strip()}")
        medians: dict[Path, dict[str, float]] = {tree: {}, ROOT: {}}
        for round_ in range(1, _ROUNDS + 1):
            for source, known in medians.items():
                where = "working tree" if source == ROOT else base
                print(f"round {round_} of {_ROUNDS}: {where}", file=sys.stderr)
                for case, seconds in _run_cases(source, Path(folder) / "found.json").items():
                    known[case] = min(seconds, known.get(case, seconds))
        print(_table(base, medians[tree], medians[ROOT]))


def _unpack(commit: str, tree: Path) -> None:
    """Write a commit's files to a folder, with the benchmarks of the working tree."""
    command = ["git", "archive", "--format=tar", commit]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tree, filter="data")
    shutil.rmtree(tree / "benchmarks", ignore_errors=True)
    ignored = shutil.ignore_patterns("out", "__pycache__")
    shutil.copytree(ROOT / "benchmarks", tree / "benchmarks", ignore=ignored)


def _run_cases(tree: Path, found: Path) -> dict[str, float]:
    """Return the median time of each case that runs in a tree, in seconds."""
    command = [
        *(sys.executable, "-m", "pytest", "benchmarks/micro", "--quiet", "--no-header"),
        *("-p", "no:cacheprovider", "--benchmark-max-time=0.2", f"--benchmark-json={found}"),
        "--continue-on-collection-errors",
    ]
    found.unlink(missing_ok=True)
    # so that it imports the package of that tree, and not the installed one
    env = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, check=False)  # noqa: S603
    if not found.exists():
        sys.exit(f"no case ran in {tree}:\n{done.stdout.decode()}")
    cases = json.loads(found.read_bytes())["benchmarks"]
    return {case["name"]: case["stats"]["median"] for case in cases}


def _table(name: str, base: dict[str, float], ours: dict[str, float]) -> str:
    lines = [f"| Case | {name}, µs | working tree, µs | ratio |  |", "|---|--:|--:|--:|---|"]
    for case in dict.fromkeys([*base, *ours]):
        before, after = base.get(case), ours.get(case)
        if before is None or after is None:
            only = "the working tree" if before is None else name
            lines.append(f"| {case} | {_us(before)} | {_us(after)} | | runs with {only} alone |")
            continue
        ratio = after / before
        word = "slower" if ratio > _NOTABLE else "faster" if ratio < 1 / _NOTABLE else ""
        lines.append(f"| {case} | {_us(before)} | {_us(after)} | {ratio:.2f} | {word} |")
    return "\n".join(lines)


def _us(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1e6:,.1f}"


if __name__ == "__main__":
    main()
