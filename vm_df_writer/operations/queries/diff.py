"""Differences: each sample of which a server holds other than a frame says."""

from __future__ import annotations

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.queries.read import reads_by_of
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.verify import block_reader
from vm_df_writer.reading.backends import times_of
from vm_df_writer.reading.label_table import codes_of
from vm_df_writer.verification.sample_diffs import DIFFERENCES, SampleDiffs

__all__ = ["diff_frame", "diff_plan"]


def diff_frame(backend: Backend, frame: FrameLike, reading: ReadOptions) -> pd.DataFrame:
    """Return a row for each sample that is not as in a frame; as `VmWriter.diff`."""
    return diff_plan(plan_send(backend, frame, reading), backend)


def diff_plan(plan: SendPlan, backend: Backend) -> pd.DataFrame:
    """Return a row for each sample that is not as it was planned; as `VmWriter.diff`."""
    reads_by_of(backend, "diff")
    reader = block_reader(backend)
    parts: list[SampleDiffs] = []
    label_sets: list[bytes] = []
    rows: list[np.typing.NDArray[np.int64]] = []
    for block in plan.blocks():
        diffs = reader.diffs(block) if block.n_series else None
        if diffs is not None:
            series, own_rows = np.unique(diffs.series, return_inverse=True)
            rows.append(own_rows + len(label_sets))
            label_sets += [bytes(block.label_sets[s]) for s in series.tolist()]
            parts.append(diffs)
    return _table(parts, label_sets, np.concatenate([np.empty(0, np.int64), *rows]))


def _table(
    parts: list[SampleDiffs], label_sets: list[bytes], rows: np.typing.NDArray[np.int64]
) -> pd.DataFrame:
    """Return differences as columns; `rows` says which label set each one has."""
    all_labels = list(map(orjson.loads, label_sets))
    names = dict.fromkeys(name for labels in all_labels for name in labels)
    ms, kinds, sent, stored = (
        np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
        for name, kind in (
            ("timestamps_ms", np.int64),
            ("kinds", np.int8),
            ("sent", np.float64),
            ("stored", np.float64),
        )
    )
    own = {
        "time": times_of(ms),
        "difference": pd.Categorical.from_codes(kinds, categories=pd.Index(DIFFERENCES)),
        "sent": sent,
        "stored": stored,
    }
    columns: dict[str, object] = {}
    for name in names:
        column = codes_of([labels.get(name) for labels in all_labels])
        columns[f"label_{name}" if name in own else name] = pd.Categorical.from_codes(
            column.codes[rows], categories=pd.Index(column.texts)
        )
    return pd.DataFrame({**columns, **own}, copy=False)
