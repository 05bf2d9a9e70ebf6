"""What a frame means, in plain Python: a loop over rows that nobody would ship."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.import_lines import LabelSet, Samples


@dataclass(frozen=True)
class Cell:
    """One sample of a frame: its time, what the placeholders stand for, its labels and value."""

    time_ns: int | None
    var: str
    query_key: str | None
    labels: Mapping[str, str | None]
    value: float


@dataclass
class Ledger:
    """What a write is expected to store, to drop and to alter."""

    stored: Samples = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    sub_millisecond: int = 0


def expected_account(
    cells: Iterable[Cell],
    metric_format: Mapping[str, str],
    *,
    duplicates: str = "last",
    inf: str = "drop",
) -> Ledger:
    """Go through the cells of a frame, row by row, and do what the documentation says."""
    account = Ledger()
    series: dict[LabelSet, list[tuple[int, float, bool]]] = {}
    for cell in cells:
        if cell.time_ns is None:
            account.dropped["nat"] += 1
        elif math.isnan(cell.value):
            account.dropped["nan"] += 1
        elif math.isinf(cell.value) and inf == "drop":
            account.dropped["inf"] += 1
        else:
            ms, below_ms = divmod(cell.time_ns, 10**6)
            ms += below_ms > 999_000  # the noise of a float
            labels = label_set(cell, metric_format)
            series.setdefault(labels, []).append((ms, cell.value, below_ms > 0))
    for labels, samples in series.items():
        kept = _one_per_time(samples, duplicates)
        account.dropped["duplicate"] += len(samples) - len(kept)
        account.sub_millisecond += sum(is_floored for _, _, is_floored in kept)
        account.stored[labels] = [(ms, value) for ms, value, _ in kept]
    account.dropped += Counter()  # forget reasons that count nothing
    return account


def _one_per_time(
    samples: Sequence[tuple[int, float, bool]], duplicates: str
) -> list[tuple[int, float, bool]]:
    kept: list[tuple[int, float, bool]] = []
    for sample in sorted(samples, key=lambda sample: sample[0]):
        is_repeated = bool(kept) and kept[-1][0] == sample[0] and duplicates != "keep"
        if not is_repeated:
            kept.append(sample)
        elif duplicates == "last" or (duplicates == "max" and sample[1] > kept[-1][1]):
            kept[-1] = sample
    return kept


def label_set(cell: Cell, metric_format: Mapping[str, str]) -> LabelSet:
    """Return the labels of a cell's series."""
    filled = {name: _fill(template, cell) for name, template in metric_format.items()}
    labels = {**cell.labels, **filled}
    return frozenset((name, text) for name, text in labels.items() if text)


def _fill(template: str, cell: Cell) -> str:
    filled = ""
    while template:
        if template.startswith("$QUERY_KEY"):
            filled, template = filled + (cell.query_key or ""), template[len("$QUERY_KEY") :]
        elif template.startswith("$VAR"):
            filled, template = filled + cell.var, template[len("$VAR") :]
        else:
            filled, template = filled + template[0], template[1:]
    return filled
