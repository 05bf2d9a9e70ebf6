"""The code of the README and of every page of docs/ runs, and prints what stands below it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

import vm_df_writer
from tests.support.docs_pages import DOCS, docs_pages
from tests.support.page_blocks import MARKS, Block, blocks_of, server_flags
from tests.support.page_runner import LANGUAGES, PageRunner
from tests.support.page_servers import PageServers
from tests.support.prometheus import Prometheus, newest_program
from tests.support.tls_gate import tls_gate
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess

PAGES = {
    str(page.relative_to(DOCS.parent)): page for page in (DOCS.parent / "README.md", *docs_pages())
}
BLOCKS = {name: [*blocks_of(page)] for name, page in PAGES.items()}
WITH_CODE = [
    name for name, blocks in BLOCKS.items() if {"python", "sh"} & {b.language for b in blocks}
]

Start = Callable[..., ServerProcess]


def modules_of(blocks: list[Block]) -> set[str]:
    """Return what the Python that runs on a page imports, by the first parts of names."""
    runs = (b for b in blocks if b.language == "python" and not {"not run", "file"} & {*b.marks})
    code = "\n".join(block.text for block in runs)
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return {name.partition(".")[0] for name in found}


@pytest.fixture(scope="module")
def readers_server() -> Iterator[LocalVictoriaMetrics]:
    """Give the server of one who tries page after page: no page may stumble over another one."""
    with LocalVictoriaMetrics(retention="100y") as server:
        yield server


@pytest.fixture
def servers_of(
    tmp_path: Path,
    readers_server: LocalVictoriaMetrics,
    start_victoria_metrics: Start,
    start_vmagent: Start,
    start_vmauth: Start,
) -> Iterator[Callable[[Path], PageServers]]:
    """Give a page's servers: by port, as it names them."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.chdir(tmp_path)

        def servers(page: Path) -> PageServers:
            flags = server_flags(page)
            made = PageServers(
                {
                    8427: lambda: start_vmauth((tmp_path / "auth.yml").read_text()).url,
                    8428: lambda: (start_victoria_metrics(*flags) if flags else readers_server).url,
                    8429: lambda: start_vmagent(made.url(8428)).url,
                    8443: lambda: stack.enter_context(tls_gate(made.url(8428), tmp_path)),
                    9090: lambda: (
                        stack.enter_context(Prometheus(newest_program(), window="10y")).url
                    ),
                }
            )
            return made

        yield servers


@pytest.mark.parametrize("name", WITH_CODE)
def test_every_block_runs_and_prints_what_stands_below_it(
    name: str,
    servers_of: Callable[[Path], PageServers],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in sorted(modules_of(BLOCKS[name])):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")  # with the oldest dependencies
    monkeypatch.setenv("MPLBACKEND", "agg")
    runner = PageRunner(PAGES[name], servers_of(PAGES[name]), monkeypatch)
    try:
        for block in BLOCKS[name]:
            runner.play(block)
    finally:
        vm_df_writer.set_default(None)


@pytest.mark.parametrize("name", PAGES)
def test_every_block_is_of_a_language_that_is_run_and_every_mark_is_known(name: str) -> None:
    blocks = [block for block in BLOCKS[name] if "not run" not in block.marks]
    assert {block.language for block in blocks if "file" not in block.marks} <= set(LANGUAGES)
    assert {mark for block in BLOCKS[name] for mark in block.marks} <= set(MARKS)
