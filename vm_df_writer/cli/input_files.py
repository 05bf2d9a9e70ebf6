"""The files that a command reads, and how: the same for every command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self, Unpack

import pandas as pd

from vm_df_writer.cli.messages import about
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import FrameError, JobError, SamplesExistError, SourceError
from vm_df_writer.files.file_labels import path_labels, require_names_of_their_own
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.locations import expand_paths
from vm_df_writer.files.source_file import read_file
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.part_survey import PartSurvey
from vm_df_writer.jobs.overlap.repeated_samples import leave_out_of_all
from vm_df_writer.jobs.workers.tasks import keywords_with
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.model.series import IntArray, SeriesBlock
from vm_df_writer.operations.existing.if_exists import existing_in_frame
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.send_plan import SendPlan

__all__ = ["InputFiles", "shown_name"]

STANDARD_INPUT = "-"

Repeated = Mapping[str, Mapping[int, IntArray]]


def shown_name(file: str) -> str:
    """Return a file as messages call it.

    Examples
    --------
    >>> shown_name("-"), shown_name("scores.csv")
    ('standard input', 'scores.csv')
    """
    return "standard input" if file == STANDARD_INPUT else file


@dataclass(frozen=True)
class InputFiles:
    """How the files of a command are read.

    Attributes
    ----------
    reading : ReadingKeywords
        How the frames are read.
    file_options : FileOptions
        How the files are written.
    hive : bool
        Whether ``key=value`` folders are labels.
    file_labels : sequence of str
        Labels of the files' names.
    """

    reading: ReadingKeywords
    file_options: FileOptions
    hive: bool
    file_labels: Sequence[str]

    @classmethod
    def of(
        cls,
        *,
        file_options: FileOptions,
        hive: bool,
        file_labels: Sequence[str],
        **reading: Unpack[ReadingKeywords],
    ) -> Self:
        """Return what the options of a command say."""
        return cls(reading, file_options, hive, file_labels)

    @kept_attribute
    def read_options(self) -> ReadOptions:
        """How the frames are read, checked."""
        return ReadOptions.of(**self.reading)

    def expand(self, paths: Sequence[str]) -> list[str]:
        """Return the files that paths, folders, globs and URLs stand for; ``-`` stays alone.

        Raises
        ------
        JobError
            If one stands for nothing, or standard input stands beside others.
        """
        if [*paths] == [STANDARD_INPUT]:
            if self.file_labels:
                raise JobError("--file-label: standard input has no name; name a file")
            return [STANDARD_INPUT]
        files = expand_paths(paths)
        require_names_of_their_own(files, hive=self.hive, specs=self.file_labels)
        return files

    def read(self, file: str) -> pd.DataFrame:
        """Read a file as one frame.

        Raises
        ------
        SourceError
            If the file cannot be read.
        """
        return read_file(file, self.read_options, self.file_options)

    def keywords(self, file: str) -> ReadingKeywords:
        """Return the reading keywords for a file, with the labels that its path gives it.

        Raises
        ------
        SourceError
            If the path does not fit a pattern.
        """
        labels = path_labels(file, hive=self.hive, specs=self.file_labels)
        return keywords_with(self.reading, labels)

    def keep_together(self, files: Sequence[str]) -> bool:
        """Say whether files may store several samples of a series at one time."""
        return len(files) > 1 and self.read_options.duplicates == "keep"

    def find_repeats(self, files: Sequence[str], backend: Backend) -> Repeated:
        """Find the samples of each file that one before it has too.

        A file that cannot be read is passed over: the command refuses it by itself.

        Returns
        -------
        mapping of str to mapping of int to ndarray of int64
            For each file, and the digest of each series in it, the times that are left out.

        Raises
        ------
        RepeatedSamplesError
            Names two files that have other values of the same series at the same times.
        """
        policy = self.read_options.duplicates
        if len(files) == 1 or policy == "keep":
            return {}
        survey, found = PartSurvey(policy), {}
        for file in files:
            try:
                with about(file, files):
                    found[file] = survey.add(file, file, partial(self._blocks, file, backend))
            except RepeatedSamplesError:
                raise
            except (FrameError, SourceError):
                continue
        return found

    def plan(self, file: str, backend: Backend, repeated: Repeated) -> SendPlan:
        """Read a file, and leave out what one before it has too.

        Raises
        ------
        SourceError, FrameError
            If it cannot be read.
        """
        reading = ReadOptions.of(**self.keywords(file))
        plan = plan_send(backend, self.read(file), reading)
        left_out = repeated.get(file)
        return plan.filtered(partial(leave_out_of_all, left_out=left_out)) if left_out else plan

    def require_none_exists(self, files: Sequence[str], backend: Backend) -> None:
        """Refuse files with samples at whose times the server has one; none is sent by then.

        A file that cannot be read is passed over: the command refuses it by itself.

        Raises
        ------
        SamplesExistError
            Names a sample and its file.
        """
        for file in files:
            reading = ReadOptions.of(**self.keywords(file))
            try:
                found = existing_in_frame(backend, self.read(file), reading)
            except (FrameError, SourceError):
                continue
            if found is not None:
                raise SamplesExistError(found, shown_name(file))

    def _blocks(self, file: str, backend: Backend) -> Iterator[SeriesBlock]:
        return self.plan(file, backend, {}).blocks()
