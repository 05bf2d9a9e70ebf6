"""``vm-df-writer replay``."""

from __future__ import annotations

import orjson

from vm_df_writer.cli.output import say, shown_progress
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import DeliveryError, WriteInterrupted
from vm_df_writer.metrics import WriterMetrics
from vm_df_writer.model.report import WriteReport
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
                _show(error.report, as_json=as_json)
            raise
    _show(report, as_json=as_json)


def _show(report: WriteReport, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        say(report)
