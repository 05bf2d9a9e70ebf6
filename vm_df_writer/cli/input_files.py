"""The files that a command reads, and how: the same for every command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.errors import JobError
from vm_df_writer.files.file_labels import path_labels
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.locations import expand_paths
from vm_df_writer.files.source_file import read_file
from vm_df_writer.jobs.workers.tasks import keywords_with

__all__ = ["InputFiles", "shown_name"]

STANDARD_INPUT = "-"


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
        return expand_paths(paths)

    def read(self, file: str) -> pd.DataFrame:
        """Read a file as one frame.

        Raises
        ------
        SourceError
            If the file cannot be read.
        """
        return read_file(file, ReadOptions.of(**self.reading), self.file_options)

    def keywords(self, file: str) -> ReadingKeywords:
        """Return the reading keywords for a file, with the labels that its path gives it.

        Raises
        ------
        SourceError
            If the path does not fit a pattern.
        """
        labels = path_labels(file, hive=self.hive, specs=self.file_labels)
        return keywords_with(self.reading, labels)
