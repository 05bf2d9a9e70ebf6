"""The staircase of the package, read from its imports: they lead down, never up."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.tested_elsewhere import (
    PACKAGE,
    ROOT,
    TESTED_ELSEWHERE,
    UNIT_TESTS,
    module_of,
)

# Every import leads down this list. A newcomer says here where it stands.
FLOORS = (
    "__main__",
    "cli",
    "demo",
    "jobs",
    "__init__",
    "alerting",
    "accessor",
    "default_writer",
    "metrics",
    "writer",
    "reader",
    "operations",
    "files",
    "delivery",
    "reading",
    "verification",
    "server",
    "transport",
    "wire",
    "frames",
    "pytest_plugin",
    "local",
    "config",
    "errors",
    "warning_classes",
    "model",
    "display",
)
PURE_FLOORS = ("frames", "wire")

WORLD = {
    *("asyncio", "concurrent", "ftplib", "http", "io", "multiprocessing", "os", "pathlib"),
    *("platform", "random", "requests", "secrets", "select", "shutil", "signal", "socket", "ssl"),
    *("subprocess", "tempfile", "time", "urllib", "urllib3", "uuid", "yaml"),
}
CLOCK_CALLS = {"now", "utcnow", "today"}
TYPED_FROM_ABOVE = {"model.report_shorthands"}  # whose methods are reached by name


@dataclass(frozen=True)
class Module:
    """One file of the package and what it imports."""

    path: Path

    @property
    def name(self) -> str:
        """Dotted name within the package, such as ``transport.client``; ``__init__`` for itself."""
        parts = self.path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The module or folder right under the package that this file is, or is in."""
        return self.name.partition(".")[0]

    @property
    def tree(self) -> ast.Module:
        return tree_of(self.path)

    @property
    def packages(self) -> set[str]:
        """The top names of all that is imported."""
        return {name.partition(".")[0] for name in all_imports(self.path)}

    def imports_of_ours_at_import_time(self) -> set[str]:
        return set(ours(imported_modules(self.tree.body)))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path.name)


@cache
def all_imports(path: Path) -> set[str]:
    """Every module that is imported, wherever in the file."""
    return set(imported_modules(ast.walk(tree_of(path))))


def imported_modules(nodes: Iterator[ast.AST] | list[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{ast.unparse(node)}: write imports in full"
            for alias in node.names:
                is_module = f"{node.module}.{alias.name}" in OUR_MODULES
                yield f"{node.module}.{alias.name}" if is_module else str(node.module)


def ours(imported: Iterator[str] | set[str]) -> Iterator[str]:
    for name in imported:
        package, _, rest = name.partition(".")
        if package == PACKAGE:
            yield rest or "__init__"


def floor_of(room: str) -> int:
    assert room in FLOORS, f"{room}: it has no floor yet; say in FLOORS where it stands"
    return FLOORS.index(room)


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


MODULES = [Module(path) for path in python_files(PACKAGE)]
OUR_MODULES = {f"{PACKAGE}.{module.name}" for module in MODULES}


def imports_from_above(module: Module) -> Iterator[str]:
    is_typed = module.name in TYPED_FROM_ABOVE
    everywhere = set(ours(all_imports(module.path)))
    for name in module.imports_of_ours_at_import_time() if is_typed else everywhere:
        room = name.partition(".")[0]
        if room != "__init__" and floor_of(room) < floor_of(module.room):  # that has the version
            yield name


def test_imports_lead_down_the_staircase() -> None:
    found = {module.name: [*imports_from_above(module)] for module in MODULES}
    assert {name: above for name, above in found.items() if above} == {}


def test_every_floor_is_there() -> None:
    assert set(FLOORS) - {module.room for module in MODULES} == set()


def test_docs_architecture_lists_the_floors_from_top_to_bottom() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.split("| Folder or module | Owns |\n", 1)[1].split("\n\n", 1)[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == FLOORS


def test_no_two_modules_need_each_other() -> None:
    graph = {module.name: module.imports_of_ours_at_import_time() for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other in a circle: {' -> '.join(error.args[1])}")


def test_pure_floors_know_no_clock_no_network_and_no_environment() -> None:
    for module in [module for module in MODULES if module.room in PURE_FLOORS]:
        assert module.packages & WORLD == set(), module.name
        calls = [node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        called = {call.attr for call in calls if isinstance(call, ast.Attribute)}
        assert called & CLOCK_CALLS == set(), module.name
        assert "open" not in {c.id for c in calls if isinstance(c, ast.Name)}, module.name


@pytest.mark.parametrize(
    ("library", "importers"),
    [
        ("requests", {"transport.session", "config.request_types"}),  # there, for a type alone
        ("urllib3", {"transport.session", "transport.connection"}),
        ("yaml", {"config.yaml_file"}),
        ("tqdm", {"display.progress"}),
    ],
)
def test_each_outside_world_has_one_door(library: str, importers: set[str]) -> None:
    assert {module.name for module in MODULES if library in module.packages} == importers


def test_the_environment_is_read_only_for_configuration_and_local_servers() -> None:
    readers = {
        module.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    known = {"config.environment", "config.yaml_file", "local.victoria_metrics", "pytest_plugin"}
    assert readers <= known


def test_nothing_is_kept_under_a_lock_that_a_fork_can_leave_locked() -> None:
    """Python 3.11 holds a lock of the whole class in `functools.cached_property`."""
    found = {
        module.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if getattr(node, "attr", getattr(node, "name", "")) == "cached_property"
    }
    assert found == set()


# They hear or raise the records of the whole package.
LISTENERS = {"__init__", "cli.messages", "jobs.workers.log_forwarding"}


def logger_names(module: Module) -> list[str]:
    return [
        ast.unparse(node.args[0])
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger"
    ]


def test_each_module_logs_under_its_own_name() -> None:
    found = {module.name: logger_names(module) for module in MODULES}
    others = {name for name, logged in found.items() if logged not in ([], ["__name__"])}
    assert others <= LISTENERS


def test_no_module_is_named_after_nothing() -> None:
    named = {module.path.stem for module in MODULES}
    assert named & {"utils", "util", "helpers", "common", "misc", "base"} == set()


def test_every_file_can_be_read_in_one_sitting() -> None:
    n_lines = {
        path.relative_to(ROOT): path.read_bytes().count(b"\n")
        for path in python_files(PACKAGE, "tests", "benchmarks")
    }
    assert {path: n for path, n in n_lines.items() if n > 300} == {}


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, set()).add(module.name)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


MOST_FILES = 14  # beside __init__.py


def test_every_folder_can_be_seen_at_a_glance() -> None:
    n_files = Counter(m.path.parent for m in MODULES if m.path.stem != "__init__")
    assert {folder: n for folder, n in n_files.items() if n > MOST_FILES} == {}


def test_each_unit_test_file_names_the_module_that_it_tests() -> None:
    assert [path for path in UNIT_TESTS if module_of(path) is None] == []


PURE_ROOMS = {"alerting", "display", "frames", "model", "verification", "wire"}


def test_each_pure_module_has_a_unit_test_file_or_is_tested_elsewhere() -> None:
    """A module that needs a server or a broken connection stands in tests/support instead."""
    modules = {module.name for module in MODULES}
    pure = {m.name for m in MODULES if m.room in PURE_ROOMS and m.path.stem != "__init__"}
    elsewhere = {name for names in TESTED_ELSEWHERE.values() for name in names}
    assert pure - {module_of(path) for path in UNIT_TESTS} - elsewhere == set()
    assert elsewhere - modules == set()
    assert [test for test in TESTED_ELSEWHERE if not (ROOT / "tests" / test).exists()] == []


# These are about the benchmarks; all others are about the package.
TESTS_OF_BENCHMARKS = {"test_benchmarks", "test_docs_scale"}


def test_what_tests_share_stands_in_tests_support() -> None:
    for test in map(Module, python_files("tests")):
        shared = [name for name in all_imports(test.path) if name.startswith("tests.")]
        assert [name for name in shared if not name.startswith("tests.support.")] == [], test.path
        if test.path.stem not in TESTS_OF_BENCHMARKS:
            assert "benchmarks" not in test.packages, test.path


def test_the_benchmarks_need_no_test() -> None:
    benchmarks = map(Module, python_files("benchmarks"))
    assert [module.path for module in benchmarks if "tests" in module.packages] == []
