"""Change modules one place at a time, and see whether their tests notice: ``make mutation``.

``python .ci/mutation.py [--record] [PATH]...`` runs mutmut on modules, each with the unit tests
about it, and shows the changes that none of these notices. It fails if they notice a smaller
share than tests/mutation_scores.json says; with ``--record`` the shares are written there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.tested_elsewhere import PACKAGE, unit_tests_of  # noqa: E402

HOME = ROOT / ".mutation"
SCORES = ROOT / "tests" / "mutation_scores.json"
MUTMUT = Path(sys.executable).with_name("mutmut")
# `mutmut show` shows one change at a time, and takes a second for each.
SHOW = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
for name in sys.argv[1:]:
    print("#", name, *get_diff_for_mutant(name).splitlines()[2:], sep="\\n")
"""
SETTINGS = """
[tool.mutmut]
source_paths = ["{package}"]
only_mutate = ["{module}"]
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = {arguments}
timeout_multiplier = 5.0
track_dependencies = false
use_git_change_detection = false
"""
# mutmut's exit codes of a change that is noticed: a test failed, pytest did, or it took too long.
NOTICED = {1, 3, 36, -24, 24, 152, 255}
# A function that may be changed is called by one of mutmut's, to whose line a warning points then.
ABOUT_THE_CALLERS_LINE = [
    "tests/unit/display/test_warn.py::test_warnings_point_at_the_callers_line",
    "tests/unit/frames/labels/test_metric_format.py::test_the_format_wins_over_the_frame_with_one_warning",
]


@dataclass(frozen=True)
class Score:
    """How many places of a module were changed, one at a time, and how often its tests noticed."""

    changes: int
    noticed: int

    @property
    def share(self) -> float:
        """The part that was noticed."""
        return self.noticed / max(self.changes, 1)

    def __str__(self) -> str:
        return f"{self.noticed} of {self.changes} changes noticed ({self.share:.1%})"


def mutate(module: str) -> tuple[Score, str]:
    """Return the score of a file of the package, and the changes that nothing noticed."""
    folder = HOME / module.replace("/", ".").removesuffix(".py")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in (PACKAGE, "tests"):
        (folder / name).symlink_to(ROOT / name)
    tests = [str(path.relative_to(ROOT)) for path in unit_tests_of(ROOT / module)]
    if not tests:
        sys.exit(f"{module}: no test in tests/unit is about it; name modules that have one")
    left_out = [test for test in ABOUT_THE_CALLERS_LINE if test.partition("::")[0] in tests]
    arguments = ["-pno:cacheprovider", "--hypothesis-seed=0"]
    arguments += [f"--deselect={test}" for test in left_out]
    settings = SETTINGS.format(
        package=PACKAGE, module=module, tests=json.dumps(tests), arguments=json.dumps(arguments)
    )
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + settings)
    run(folder, MUTMUT, "run", "--max-children", os.environ.get("MUTATION_JOBS", "2"))
    codes = json.loads((folder / "mutants" / f"{module}.meta").read_text())["exit_code_by_key"]
    unnoticed = [name for name, code in codes.items() if code not in NOTICED]
    score = Score(len(codes), len(codes) - len(unnoticed))
    return score, run(folder, sys.executable, "-c", SHOW, *unnoticed)


def run(folder: Path, *command: str | Path) -> str:
    """Run a command in a folder, and return what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{folder.name}: mutmut failed\n{done.stdout}\n{done.stderr}")
    return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("paths", nargs="*", metavar="PATH")
    arguments = parser.parse_args()
    recorded = json.loads(SCORES.read_text()) if SCORES.exists() else {}
    fell = []
    for module in arguments.paths or list(recorded):
        score, unnoticed = mutate(module)
        print(unnoticed, f"{module}: {score}", sep="", flush=True)
        if arguments.record:
            recorded[module] = asdict(score)
            SCORES.write_text(json.dumps(dict(sorted(recorded.items())), indent=2) + "\n")
        elif module in recorded and score.share < (before := Score(**recorded[module])).share:
            fell.append(f"{module}: {score}, and {before} stand in {SCORES.name}")
    if fell:
        sys.exit("\n".join([*fell, "add tests; with --record what no test can notice is accepted"]))


if __name__ == "__main__":
    main()
