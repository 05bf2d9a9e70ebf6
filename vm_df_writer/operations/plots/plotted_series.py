"""What a picture shows of a frame: some variables of the series that score highest."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
import orjson
import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.display.series_names import Labels, describe_labels
from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ColumnError, FrameError
from vm_df_writer.frames.parse import ParsedFrame, as_frame, parse_frame
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.reading.layout.common_times import union_of
from vm_df_writer.warning_classes import VmDfWriterWarning

__all__ = ["VMANOMALY_VARIABLES", "PlottedSeries"]

VMANOMALY_VARIABLES = ("y", "yhat", "yhat_lower", "yhat_upper", "anomaly_score")

_MOST_LISTED = 10


@dataclass(frozen=True, eq=False)
class Survey:
    """What all scores of a frame are like.

    Attributes
    ----------
    excess : ndarray of float64, shape (n_series,)
        How far each series is above the threshold, over all its samples; negative for a series
        that never is, by how much it stays below.
    first_ms, last_ms, step_ms : int
        When the scores begin and end, and how often they come; None for that if there are none.
    """

    excess: FloatArray
    first_ms: int
    last_ms: int
    step_ms: int | None


class PlottedSeries:
    """The series of a frame by variable, read block by block.

    Parameters
    ----------
    frame : DataFrame or Series
        As for `VmWriter.write`.
    names : mapping of str to str
        The variable that plays each role.
    reading : ReadingKeywords
        How to read the frame.
    or_each_column : bool
        Whether the columns of a wide frame that has none of vmanomaly's variables are series of
        the first role.

    Attributes
    ----------
    of_role : dict of str to (dict of Labels to int)
        The series of each role, by their labels: the number of the series.
    """

    def __init__(
        self,
        frame: object,
        names: Mapping[str, str],
        reading: ReadingKeywords,
        *,
        or_each_column: bool = False,
    ) -> None:
        self._names = names
        frame = as_frame(frame)
        self._read = _parse(frame, reading)
        self._variables = {_labels_of(label_set)[0] for label_set in self._read.label_sets}
        if (
            or_each_column
            and self._read.layout == "wide"
            and frame.columns.nlevels == 1
            and not self._variables & {*names.values(), *VMANOMALY_VARIABLES}
        ):
            each_column: ReadingKeywords = {
                **reading, "var": next(iter(names.values())), "column_label": "column",
            }  # fmt: skip
            self._read = _parse(frame, each_column)
        self._number = {label_set: i for i, label_set in enumerate(self._read.label_sets)}
        self.of_role: dict[str, dict[Labels, int]] = {role: {} for role in names}
        roles = {variable: role for role, variable in names.items()}
        for label_set, number in self._number.items():
            variable, labels = _labels_of(label_set)
            if variable in roles:
                self.of_role[roles[variable]][labels] = number

    def require(self, *roles: str) -> None:
        """Refuse a frame that has none of these roles.

        Raises
        ------
        ColumnError
            Names the variables that there are.
        """
        if any(self.of_role[role] for role in roles):
            return
        wanted = " and no ".join(repr(self._names[role]) for role in roles)
        keywords = " or ".join(f"{role}=" for role in roles)
        raise ColumnError(
            f"plot: the frame has no variable {wanted} (there are: {_listed(self._variables)}); "
            f"name yours with {keywords}" + did_you_mean(self._names[roles[-1]], self._variables)
        )

    def survey(self, threshold: float) -> Survey:
        """Look at all scores once."""
        scores = set(self.of_role["anomaly_score"].values())
        total, highest = np.zeros(len(self._number)), np.full(len(self._number), -np.inf)
        first_ms, last_ms, step_ms = np.iinfo(np.int64).max, np.iinfo(np.int64).min, None
        with _quiet():
            for block, numbers in self._blocks():
                if scores.isdisjoint(numbers.ravel().tolist()):
                    continue
                excess, peaks = _excess_and_peaks(block, threshold)
                np.add.at(total, numbers, excess)
                np.maximum.at(highest, numbers, peaks)
                first_ms = min(first_ms, int(block.timestamps_ms.min()))
                last_ms = max(last_ms, int(block.timestamps_ms.max()))
                step_ms = step_ms or _typical_step_ms(block)
        total = np.where(total > 0, total, np.minimum(highest - threshold, 0))
        return Survey(total, first_ms, last_ms, step_ms)

    def choose(self, wanted: Mapping[str, object], threshold: float) -> tuple[Labels, int]:
        """Return the labels of the series to draw, and of how many it is the worst.

        Raises
        ------
        ColumnError
            If no series has the labels that are wanted.
        """
        known = list(dict.fromkeys(labels for role in self.of_role.values() for labels in role))
        pairs = {(name, str(value)) for name, value in wanted.items()}
        fitting = [labels for labels in known if pairs <= set(labels)]
        if not fitting:
            raise ColumnError(
                f"series: no series has {describe_labels(tuple(sorted(pairs)))} (there are: "
                f"{_listed(map(describe_labels, known))}); correct the labels"
            )
        if len(fitting) == 1:
            return fitting[0], 1
        scores = self.of_role["anomaly_score"]
        scored = [labels for labels in fitting if labels in scores]
        if not scored:
            raise ColumnError(
                f"series: {len(fitting):,} series could be drawn, and none has a score to choose "
                f"by ({_listed(map(describe_labels, fitting))}); name one with series="
            )
        excess = self.survey(threshold).excess
        return max(scored, key=lambda labels: excess[scores[labels]]), len(fitting)

    def samples(self, labels: Labels) -> tuple[IntArray, dict[str, FloatArray]]:
        """Return the times of a series, and the values of each role; NaN where there is none."""
        numbers = {
            series[labels]: role for role, series in self.of_role.items() if labels in series
        }
        pieces: dict[str, list[tuple[IntArray, FloatArray]]] = {}
        with _quiet():
            for block, found in self._blocks():
                for row, group in np.argwhere(np.isin(found, list(numbers))).tolist():
                    role = numbers[int(found[row, group])]
                    pieces.setdefault(role, []).append(_samples_of(block, row, group))
        if not pieces:
            which = f"the series {describe_labels(labels)}" if labels else "the series"
            raise FrameError(f"plot: {which} has no valid sample; check the frame")
        columns = {
            role: (np.concatenate([t for t, _ in of_role]), np.concatenate([v for _, v in of_role]))
            for role, of_role in pieces.items()
        }
        times_ms = union_of([t for t, _ in columns.values()])
        aligned = {role: np.full(len(times_ms), np.nan) for role in columns}
        for role, (own_ms, values) in columns.items():
            aligned[role][np.searchsorted(times_ms, own_ms)] = values
        return times_ms, aligned

    def highest_per_cell(self, chosen: Sequence[int], edges_ms: IntArray) -> FloatArray:
        """Return the highest value of some series in each cell of time.

        Parameters
        ----------
        chosen : sequence of int
            The numbers of the series.
        edges_ms : ndarray of int64, shape (n_cells + 1,)
            The cells, all of one length.

        Returns
        -------
        ndarray of float64, shape (len(chosen), n_cells)
            NaN where a series has no sample.
        """
        row_of = np.full(len(self._number), -1)
        row_of[list(chosen)] = np.arange(len(chosen))
        highest = np.full((len(chosen), len(edges_ms) - 1), np.nan)
        with _quiet():
            for block, numbers in self._blocks():
                rows = row_of[numbers]
                if (rows < 0).all():
                    continue
                cells = (block.timestamps_ms - edges_ms[0]) // (edges_ms[1] - edges_ms[0])
                is_start = np.append(True, cells[1:] != cells[:-1])
                is_start[block.offsets[:-1]] = True
                starts = np.flatnonzero(is_start)
                rows = rows[:, np.searchsorted(block.offsets, starts, side="right") - 1]
                row, at = np.nonzero(rows >= 0)
                where = rows[row, at], cells[starts][at]
                peaks = np.maximum.reduceat(block.values, starts, axis=1)[row, at]
                highest[where] = np.fmax(highest[where], peaks)
        return highest

    def _blocks(self) -> Iterator[tuple[SeriesBlock, IntArray]]:
        """Yield the blocks that hold samples, and the numbers of their series: rows x groups."""
        for block in self._read.blocks():
            if block.n_samples:
                numbers = [self._number[label_set] for label_set in block.label_sets]
                yield block, np.array(numbers).reshape(len(block.values), -1)


def _parse(frame: pd.DataFrame, reading: ReadingKeywords) -> ParsedFrame:
    options = ReadOptions.of(**reading)
    names = [*frame.columns.names, *frame.index.names]
    if frame.columns.nlevels == 1:
        names += frame.columns.tolist()
    metric_format = {"__name__": "$VAR"}
    if options.query_key is not None or options.query_key_level in names:
        metric_format[options.query_key_level] = "$QUERY_KEY"
    with _quiet():
        return parse_frame(frame, metric_format=metric_format, reading=options)


def _excess_and_peaks(block: SeriesBlock, threshold: float) -> tuple[FloatArray, FloatArray]:
    starts = block.offsets[:-1]
    over = np.clip(block.values, threshold, None) - threshold
    return np.add.reduceat(over, starts, axis=1), np.maximum.reduceat(block.values, starts, axis=1)


def _samples_of(block: SeriesBlock, row: int, group: int) -> tuple[IntArray, FloatArray]:
    samples = slice(*block.offsets[group : group + 2])
    own = np.take(block.values, row, axis=0)[samples].copy()  # the rest of the block may go
    return block.timestamps_ms[samples], own


def _typical_step_ms(block: SeriesBlock) -> int:
    steps_ms = np.diff(block.timestamps_ms)
    steps_ms = np.delete(steps_ms, block.offsets[1:-1] - 1)
    return int(np.median(steps_ms)) if steps_ms.size else 0


def _labels_of(label_set: bytes) -> tuple[str, Labels]:
    labels = cast("dict[str, str]", orjson.loads(label_set))
    return labels.pop("__name__"), tuple(sorted(labels.items()))


def _listed(names: Iterable[str]) -> str:
    listed = sorted(names)
    more = ", ..." if len(listed) > _MOST_LISTED else ""
    return ", ".join(listed[:_MOST_LISTED]) + more


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide warnings of what a server would not store: nothing is stored here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VmDfWriterWarning)
        yield
