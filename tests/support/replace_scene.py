"""Samples that are corrected, and writers that correct them without waiting for a disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.stored_seconds import frame
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

# For tests that do not kill the server, so that nothing has to be on its disk.
BRIEFLY = ReplacePolicy(durable_after_s=0.2)
# What is missing, or has another value, stays so.
_SOON = ReadBackPolicy(patience_s=1.0)
DEDUPLICATION = "-dedup.minScrapeInterval=1ms"

OLD, NEW = frame([1, 2, 3, 4, 5, 6]), frame([30, -40, 5], start=2)
CORRECTED = {0: [1], 1: [2], 2: [30], 3: [-40], 4: [5], 5: [6]}


def writer_of(
    url: str, name: str, folder: Path, policy: ReplacePolicy = BRIEFLY, **more: Any
) -> VmWriter:
    """Return a writer under a metric name of the test's own, with a spool in a folder."""
    parameters = {"metric_format": {"__name__": f"{name}_$VAR"}, "spool_dir": str(folder / "spool")}
    config = WriterConfig(datasource_url=url, **{**parameters, **more})
    return VmWriter.from_backend(Backend.of(config, replacing=policy, read_back=_SOON))
