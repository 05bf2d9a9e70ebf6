"""What fills a spool folder, and looks into it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson

from tests.support.writing import frame_of, writer_to
from vm_df_writer import WriteReport

NOBODY = "http://127.0.0.1:1"
FRAME = frame_of(4_000, 50)
QUICK: dict[str, Any] = {"connection_retry_attempts": 0, "batch_max_bytes": 2**17}


def spool(run: str, folder: Path, **labels: str) -> WriteReport:
    """Write while there is no server."""
    return writer_to(NOBODY, run, spool_dir=folder, **QUICK).write(FRAME, labels=labels)


def samples_in(folder: Path) -> int:
    """Count the samples in the files, and see that each is whole."""
    n_samples = 0
    for path in folder.glob("*.jsonl.gz"):
        lines = gzip.decompress(path.read_bytes()).splitlines()
        n_samples += sum(len(orjson.loads(line)["values"]) for line in lines)
    return n_samples
