"""``vm-df-writer replay``."""

from __future__ import annotations

from vm_df_writer.cli.output import say_report, shown_progress
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import DeliveryError, WriteInterrupted
from vm_df_writer.metrics import WriterMetrics
from vm_df_writer.writer import VmWriter

__all__ = ["run"]


def run(
    folder: str,
    config: WriterConfig,
    *,
    metrics: WriterMetrics | None,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Do what the command says, and exit."""
    with VmWriter(config=config, metrics=metrics) as writer:
        try:
            report = writer.replay(folder, progress=shown_progress(progress))
        except (DeliveryError, WriteInterrupted) as error:
            if error.report is not None:
                say_report(error.report, as_json=as_json)
            raise
    say_report(report, as_json=as_json)
