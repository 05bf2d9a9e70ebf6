"""``vm-df-writer preview``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import about
from vm_df_writer.cli.output import say
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.writer import VmWriter

__all__ = ["run"]


def run(
    paths: Sequence[str],
    config: WriterConfig,
    **input_options: Any,
) -> None:
    """Do what the command says, and exit."""
    inputs = InputFiles.of(**input_options)
    files = inputs.expand(paths)
    with VmWriter(config=config) as writer:
        for file in files:
            with about(shown_name(file), files):
                shown = writer.preview(inputs.read(file), **inputs.keywords(file))
            say(f"{shown_name(file)}:\n{shown}\n" if len(files) > 1 else shown)
