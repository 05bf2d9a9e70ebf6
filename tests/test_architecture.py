"""The staircase of the package, read from its imports: they lead down, never up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.tested_elsewhere import TESTED_ELSEWHERE

ROOT = Path(__file__).parents[1]
PACKAGE = "vm_df_writer"

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
        return ast.parse(self.path.read_text(), self.path.name)

    def imports(self) -> set[str]:
        """Every module that is imported, wherever in the file."""
        return set(imported_modules(ast.walk(self.tree)))

    def imports_of_ours(self) -> set[str]:
        """Names, within the package, of every module of ours that is imported."""
        return set(ours(self.imports()))

    def imports_of_ours_at_import_time(self) -> set[str]:
        return set(ours(imported_modules(self.tree.body)))


def imported_modules(nodes: Iterator[ast.AST] | list[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: write imports in full"
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

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@each_module
def test_imports_lead_down_the_staircase(module: Module) -> None:
    own_floor = floor_of(module.room)
    is_typed = module.name in TYPED_FROM_ABOVE
    for name in module.imports_of_ours_at_import_time() if is_typed else module.imports_of_ours():
        room = name.partition(".")[0]
        if room != "__init__":  # the version
            assert floor_of(room) >= own_floor, f"{module.name} imports {name}, which is above it"


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


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.room in PURE_FLOORS],
    ids=lambda module: module.name,
)
def test_pure_floors_know_no_clock_no_network_and_no_environment(module: Module) -> None:
    assert {name.partition(".")[0] for name in module.imports()} & WORLD == set()
    calls = [node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    called = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    assert called & CLOCK_CALLS == set()
    assert "open" not in {call.id for call in calls if isinstance(call, ast.Name)}


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
    found = {
        module.name
        for module in MODULES
        if library in {name.partition(".")[0] for name in module.imports()}
    }
    assert found == importers


def test_the_environment_is_read_only_for_configuration_and_local_servers() -> None:
    readers = {
        module.name
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"}
    }
    known = {"config.environment", "config.yaml_file", "local.victoria_metrics", "pytest_plugin"}
    assert readers <= known


@each_module
def test_nothing_is_kept_under_a_lock_that_a_fork_can_leave_locked(module: Module) -> None:
    """Python 3.11 holds a lock of the whole class in `functools.cached_property`."""
    names = {getattr(node, "attr", getattr(node, "name", "")) for node in ast.walk(module.tree)}
    assert "cached_property" not in names


# They hear or raise the records of the whole package.
LISTENERS = {"__init__", "cli.messages", "jobs.workers.log_forwarding"}


@each_module
def test_each_module_logs_under_its_own_name(module: Module) -> None:
    named = [
        ast.unparse(node.args[0])
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger"
    ]
    assert module.name in LISTENERS or named in ([], ["__name__"])


@each_module
def test_no_module_is_named_after_nothing(module: Module) -> None:
    assert module.path.stem not in {"utils", "util", "helpers", "common", "misc", "base"}


@pytest.mark.parametrize(
    "path",
    python_files(PACKAGE, "tests", "benchmarks"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_file_can_be_read_in_one_sitting(path: Path) -> None:
    n_lines = path.read_text().count("\n")
    assert n_lines <= 300


def test_no_two_classes_share_a_name() -> None:
    homes: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, set()).add(module.name)
    assert {name: modules for name, modules in homes.items() if len(modules) > 1} == {}


MOST_FILES = 14  # beside __init__.py


@pytest.mark.parametrize("folder", sorted({module.path.parent for module in MODULES}))
def test_every_folder_can_be_seen_at_a_glance(folder: Path) -> None:
    files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MOST_FILES


UNIT_TESTS = sorted((ROOT / "tests" / "unit").rglob("test_*.py"))


def module_of(test: Path) -> str | None:
    """``test_session.py``, or ``test_session_no_answer.py``, is about the session beside it."""
    folder = test.parent.relative_to(ROOT / "tests" / "unit")
    stems = [module.stem for module in (ROOT / PACKAGE / folder).glob("*.py")]
    found = [stem for stem in stems if f"{test.stem}_".startswith(f"test_{stem}_")]
    return ".".join([*folder.parts, max(found, key=len)]) if found else None


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_each_unit_test_file_names_the_module_that_it_tests(path: Path) -> None:
    assert module_of(path) is not None


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


@pytest.mark.parametrize(
    "path",
    python_files("tests", "benchmarks"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_what_tests_share_stands_in_tests_support(path: Path) -> None:
    imported = set(imported_modules(ast.walk(ast.parse(path.read_text()))))
    if path.is_relative_to(ROOT / "benchmarks"):
        assert not [name for name in imported if name.partition(".")[0] == "tests"]
        return
    shared = [name for name in imported if name.startswith("tests.")]
    assert [name for name in shared if not name.startswith("tests.support.")] == []
    if path.stem not in TESTS_OF_BENCHMARKS:
        assert not [name for name in imported if name.partition(".")[0] == "benchmarks"]
