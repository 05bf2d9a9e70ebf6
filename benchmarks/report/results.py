"""All that was measured, as it is kept: in memory, and in results.json."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from benchmarks.delivery.concurrency import DeliveryRun
from benchmarks.delivery.end_to_end import EndToEndRun
from benchmarks.delivery.stages import StageRun
from benchmarks.formatting.memory import MemoryGoal, MemoryRun
from benchmarks.formatting.peers import PeerRun
from benchmarks.formatting.scaling import ScalePoint
from benchmarks.formatting.wires import SizeGoal, WireSize
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison

__all__ = ["Results", "to_record"]


@dataclass(slots=True)
class Results:
    """What a run of the benchmarks has found so far.

    Attributes
    ----------
    sizes : Sizes
        Which frames, and how often.
    machine, versions : dict of str to str
        What it ran on.
    agreement : list of str
        Which writers were shown to write the same samples.
    comparisons : list of Comparison
        What has a goal in time.
    memory_goals : list of MemoryGoal
        What has a goal in memory.
    size_goals : list of SizeGoal
        What has a goal in bytes.
    peers, scaling, memory, end_to_end, stages, delivery, wire_sizes : lists
        What has none.
    growth : dict of str to float
        k of time ~ rows**k, by layout.
    missing : list of str
        What could not be measured, and why.
    parts_s : dict of str to float
        How long each part took, in seconds.
    """

    sizes: Sizes
    machine: dict[str, str]
    versions: dict[str, str]
    agreement: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    memory_goals: list[MemoryGoal] = field(default_factory=list)
    size_goals: list[SizeGoal] = field(default_factory=list)
    peers: list[PeerRun] = field(default_factory=list)
    scaling: list[ScalePoint] = field(default_factory=list)
    growth: dict[str, float] = field(default_factory=dict)
    memory: list[MemoryRun] = field(default_factory=list)
    end_to_end: list[EndToEndRun] = field(default_factory=list)
    stages: list[StageRun] = field(default_factory=list)
    delivery: list[DeliveryRun] = field(default_factory=list)
    wire_sizes: list[WireSize] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    parts_s: dict[str, float] = field(default_factory=dict)

    def miss(self, what: str) -> None:
        """Note what could not be measured, once."""
        if what not in self.missing:
            self.missing.append(what)


def to_record(value: Any) -> Any:
    """Turn dataclasses into dictionaries of their fields and properties, for JSON.

    Examples
    --------
    >>> to_record(MemoryGoal("peak", 90.0, (80.0, 95.0), 128.0))["is_met"]
    True
    """
    if is_dataclass(value):
        properties = [
            name for name, kind in vars(type(value)).items() if isinstance(kind, property)
        ]
        names = [*(f.name for f in fields(value)), *properties]
        return {name: to_record(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: to_record(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_record(item) for item in value]
    return value
