"""Spool folders: what fills one, and how many samples one holds."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tests.support.blocks import T, block_of_rows
from tests.support.http_servers import NOBODY
from tests.support.writers import frame_of, writer_to
from vm_df_writer import WriteReport
from vm_df_writer.delivery.spool import MARKER, Spool
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.wire.packing import Body, pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, Wire

FRAME = frame_of(4_000, 50)
QUICK: dict[str, Any] = {"connection_retry_attempts": 0, "batch_max_bytes": 2**17}


LABEL_SETS = [b'{"__name__":"y","odd":"\\",\\"values\\":["}', b'{"__name__":"yhat"}']


def body_of(n_samples: int = 3, wire: Wire = IMPORT_LINES) -> Body:
    """Return a body of two series, the first of which begins with infinity."""
    block = block_of_rows(
        np.vstack([[np.inf, *range(1, n_samples)], np.random.default_rng(0).random(n_samples)]),
        T + 1000 * np.arange(n_samples),
        label_sets=LABEL_SETS,
        has_infinities=True,
    )
    [body] = pack_bodies([block], max_bytes=2**24, max_series=9, wire=wire)
    return body


def keep(
    folder: Path,
    body: Body | None = None,
    *,
    tenant: str | None = None,
    wire: Wire = IMPORT_LINES,
) -> SpooledFile:
    """Put a body into a spool, and return the file as a replay sees it."""
    spool = Spool(folder, wire=wire)
    path = spool.keep(body or body_of(wire=wire), tenant=tenant, reason="nobody answers")
    [file] = [file for file in Spool(folder).files() if file.path == path]
    return file


def spool(run: str, folder: Path, *, protocol: str = "import", **labels: str) -> WriteReport:
    """Write while there is no server."""
    writer = writer_to(NOBODY, run, spool_dir=folder, protocol=protocol, **QUICK)
    return writer.write(FRAME, labels=labels)


def names_in(folder: Path) -> set[str]:
    """Return the names in a spool, without the one that marks it."""
    return {path.name for path in folder.iterdir()} - {MARKER}


def samples_in(folder: Path) -> int:
    """Count the samples in the files, and see that each is whole."""
    n_samples = 0
    for path in folder.glob("*.jsonl.gz"):
        lines = gzip.decompress(path.read_bytes()).splitlines()
        n_samples += sum(len(orjson.loads(line)["values"]) for line in lines)
    return n_samples
