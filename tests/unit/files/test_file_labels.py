"""Labels of files' names."""

from __future__ import annotations

import pytest

from vm_df_writer.errors import FrameError, SourceError
from vm_df_writer.files.file_labels import (
    check_file_labels,
    file_labels,
    path_labels,
    require_names_of_their_own,
)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/data/boiler.csv", "boiler"),
        ("/data/boiler.v2.CSV.GZ", "boiler.v2"),
        ("s3://bucket/scores/engine.parquet", "engine"),
        ("C:\\data\\pump.tsv", "pump"),
        ("notes.txt", "notes.txt"),
    ],
)
def test_a_name_alone_takes_the_name_of_the_file_without_its_ending(path: str, label: str) -> None:
    assert file_labels(path, ["sensor"]) == {"sensor": label}


@pytest.mark.parametrize(
    ("pattern", "label"),
    [
        ("{}", "machine-1-3"),
        ("{}.csv", "machine-1-3"),
        ("machine-{}", "1-3"),
        ("machine-{}-*", "1"),
        ("machine-*-{}.csv", "3"),
        ("{}/*", "plant-7"),
        ("plant-{}/*.csv", "7"),
        ("data/{}/*", "plant-7"),
        (r"machine-(\d+)-", "1"),
        (r"plant-(\d)", "7"),
    ],
)
def test_a_pattern_takes_what_it_marks(pattern: str, label: str) -> None:
    path = "/data/plant-7/machine-1-3.csv"
    assert file_labels(path, [f"x={pattern}"]) == {"x": label}


def test_a_path_that_does_not_fit_is_refused() -> None:
    with pytest.raises(
        SourceError,
        match=r"^file_labels: its path does not fit 'plant=plant-\{\}/\*'; correct the pattern, or",
    ):
        file_labels("/data/boiler.csv", ["plant=plant-{}/*"])
    with pytest.raises(SourceError, match=r"^file_labels: its path does not fit"):
        file_labels("/data/boiler.csv", ["x=boiler(.?).csv"])


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["=x"], r"^file_labels: expected NAME or NAME=PATTERN, got '=x'; write sensor, or"),
        (["x="], r"^file_labels: expected NAME or NAME=PATTERN, got 'x='"),
        (["a", "a={}"], r"^file_labels: 'a' is given twice; keep one of the two$"),
        (["a=b"], r"^file_labels: 'b' has 0 groups; mark what becomes the label with \{\} or"),
        (["a={}-{}"], r"^file_labels: '\{\}-\{\}' has 2 groups"),
        (["a=("], r"^file_labels: '\(' is no regular expression \(.*\); correct it$"),
    ],
)
def test_what_marks_no_label_is_refused(specs: list[str], message: str) -> None:
    with pytest.raises(FrameError, match=message):
        check_file_labels(specs)


def test_labels_of_folders_and_of_the_name_stand_together() -> None:
    path = "/day=1/host=a/b.csv"
    assert path_labels(path, hive=True, specs=["host"]) == {"day": "1", "host": "b"}
    assert path_labels(path, hive=False, specs=[]) == {}


def test_two_folders_that_give_one_label_a_value_are_refused() -> None:
    path = "/day=1/day=2/b.csv"
    with pytest.raises(SourceError, match=r"^hive: two folders of its path give 'day' a value; re"):
        path_labels(path, hive=True, specs=[])
    assert path_labels(path, hive=False, specs=[]) == {}


@pytest.mark.parametrize(
    ("paths", "specs"),
    [
        (["a/1.csv", "a/2.csv"], ["run"]),
        (["a/1.csv", "b/1.csv"], ["run=*/{}"]),
        (["a/1.csv", "b/1.csv"], ["run", "folder={}/*"]),
        (["a/1.csv", "b/1.csv"], []),
    ],
)
def test_files_that_their_labels_tell_apart_are_taken(paths: list[str], specs: list[str]) -> None:
    require_names_of_their_own(paths, hive=False, specs=specs)


@pytest.mark.parametrize(
    "paths", [["a/1.csv", "b/1.csv"], ["1.csv", "1.parquet"], ["a/1.csv", "b/2.csv", "c/1.csv.gz"]]
)
def test_files_of_one_name_are_a_question(paths: list[str]) -> None:
    with pytest.raises(FrameError) as refused:
        require_names_of_their_own(paths, hive=False, specs=["run"])
    assert str(refused.value) == (
        f"file_labels: {paths[0]!r} and {paths[-1]!r} both get run='1', and may be of two things; "
        "add a label of the folder, such as 'folder={}/*', or pass 'run=*/{}' if they are of one"
    )


def test_folders_that_are_labels_tell_files_of_one_name_apart() -> None:
    require_names_of_their_own(["day=1/a.csv", "day=2/a.csv"], hive=True, specs=["sensor"])
