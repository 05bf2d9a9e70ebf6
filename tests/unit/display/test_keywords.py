from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import vm_df_writer
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.config.read_options import READING_KEYWORDS, ROLE_KEYWORDS
from vm_df_writer.config.writer_config import WRITER_KEYWORDS
from vm_df_writer.display.keywords import Keyword, spell_out
from vm_df_writer.jobs import backfill
from vm_df_writer.jobs.dask import to_victoriametrics as dask_to_victoriametrics
from vm_df_writer.jobs.spark import to_victoriametrics as spark_to_victoriametrics

FAMILIES: list[tuple[Callable[..., Any], tuple[Keyword, ...]]] = [
    *(
        (taker, READING_KEYWORDS)
        for taker in (
            *(VmWriter.write, VmWriter.preview, VmWriter.verify, VmWriter.diff, backfill),
            *(vm_df_writer.to_import_lines, vm_df_writer.to_remote_write, vm_df_writer.backtest),
            *(vm_df_writer.plot_scores, vm_df_writer.plot_heatmap),
            *(dask_to_victoriametrics, spark_to_victoriametrics),
        )
    ),
    (VmWriter.read, ROLE_KEYWORDS),
    (VmWriter, WRITER_KEYWORDS),
    (WriterConfig, WRITER_KEYWORDS),
]

each_taker = pytest.mark.parametrize(
    ("taker", "family"), FAMILIES, ids=lambda thing: getattr(thing, "__qualname__", "")
)


@each_taker
def test_every_keyword_completes(taker: Callable[..., Any], family: tuple[Keyword, ...]) -> None:
    parameters = inspect.signature(taker).parameters
    assert {keyword.name for keyword in family} <= parameters.keys()
    assert all(parameter.kind != parameter.VAR_KEYWORD for parameter in parameters.values())


@each_taker
def test_every_keyword_is_documented(
    taker: Callable[..., Any], family: tuple[Keyword, ...]
) -> None:
    documented = inspect.getdoc(taker) or ""
    for keyword in family:
        assert f"\n{keyword.name} : " in documented, keyword.name


def test_a_keyword_of_its_own_is_left_as_it_is() -> None:
    def write(*, layout: str = "wide", **reading: object) -> None:
        """Write.

        Parameters
        ----------
        layout : str
            As written here.
        **reading
            How to read.
        """

    spell_out(write, [Keyword("layout", int), Keyword("var", str, None, "A name.")])
    assert str(inspect.signature(write)) == "(*, layout: 'str' = 'wide', var: str = None) -> 'None'"
    assert (write.__doc__ or "").count("layout : ") == 1


def test_a_docstring_without_an_entry_for_them_is_a_mistake() -> None:
    def write(**reading: object) -> None:
        """Write."""

    with pytest.raises(TypeError, match="no entry"):
        spell_out(write, [Keyword("var", str)])
