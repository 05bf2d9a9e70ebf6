"""What `import vm_df_writer` gives: all of it on purpose, documented and typed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import vm_df_writer

EXTRAS = {
    *(
        "backports",
        "cramjam",
        "dask",
        "distributed",
        "isal",
        "matplotlib",
        "polars",
        "prometheus_client",
    ),
    *("pyarrow", "pyspark"),
}


def public_members() -> Iterator[tuple[str, object]]:
    """Every public name, and every public attribute that the public classes define."""
    for name in vm_df_writer.__all__:
        thing = getattr(vm_df_writer, name)
        if name != "__version__":
            yield name, thing
        if inspect.isclass(thing):
            for attribute, member in vars(thing).items():
                if not attribute.startswith("_") and is_documented_here(member):
                    yield f"{name}.{attribute}", member


def is_documented_here(member: object) -> bool:
    """Whether a class attribute is ours to document: a method or property, not a field."""
    module = getattr(function_of(member), "__module__", "") or ""
    return module.startswith("vm_df_writer")


def function_of(member: object) -> Any:
    """The function behind a property, class method or static method."""
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", getattr(member, "func", member))


MEMBERS = dict(public_members())
FUNCTIONS = {
    name: function
    for name, function in ((name, function_of(member)) for name, member in MEMBERS.items())
    if inspect.isfunction(function)
}


def test_everything_announced_is_there() -> None:
    names = vm_df_writer.__all__
    assert len(names) == len(set(names))
    assert all(hasattr(vm_df_writer, name) for name in names)


def test_import_is_lazy() -> None:
    script = "import sys, vm_df_writer; print(*sys.modules)"
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"numpy", "pandas", "pydantic", "requests"} & set(run.stdout.split())


@pytest.mark.parametrize("name", MEMBERS)
def test_every_public_name_is_documented(name: str) -> None:
    assert (MEMBERS[name].__doc__ or "").strip()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_is_annotated(name: str) -> None:
    function: Callable[..., object] = FUNCTIONS[name]
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        is_own = parameter.name in {"self", "cls"}
        assert is_own or parameter.annotation is not inspect.Parameter.empty, parameter.name


def test_import_loads_no_extra() -> None:
    # What pandas and requests load by themselves, where it is installed, does not count.
    script = (
        "import sys, pandas, requests; before = set(sys.modules); from vm_df_writer import *; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "vm_df_writer" in run.stdout.split()
    assert EXTRAS & set(run.stdout.split()) == set()


TIMES = pd.date_range("2026-01-01", periods=10_000, freq="1s", tz="UTC")
WRITER = vm_df_writer.VmWriter("http://me:secret@127.0.0.1:1", timeout="1s")
PREVIEW = WRITER.preview(pd.DataFrame({"y": range(10_000)}, index=TIMES))
RESULTS: list[Any] = [
    WRITER.config,
    PREVIEW,
    vm_df_writer.WriteReport(layout="wide", reading=PREVIEW.reading, undelivered=3),
    vm_df_writer.Verification(expected=2, found=1, missing=1),
    vm_df_writer.ServerCheck(import_url="http://h/api/v1/import", elapsed_s=0.1),
]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_a_result_is_one_line_at_a_prompt_and_a_table_in_a_notebook(result: Any) -> None:
    assert len(repr(result).splitlines()) == 1
    if result is not WRITER.config:
        assert repr(result).startswith(f"<{type(result).__name__}: ")
        assert len(repr(result)) < 200
    html = result._repr_html_()
    assert html.startswith("<table>")
    assert "color" not in html  # the page's own fit its theme, light or dark
    assert "secret" not in html
