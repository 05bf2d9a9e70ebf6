"""``vm-df-writer check``."""

from __future__ import annotations

import sys

from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.cli.output import say
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.writer import VmWriter

__all__ = ["run"]


def run(config: WriterConfig) -> None:
    """Do what the command says, and exit."""
    with VmWriter(config=config) as writer:
        found = writer.check()
    say(found)
    sys.exit(ExitCode.UNDELIVERED if found.refusal else ExitCode.DELIVERED)
