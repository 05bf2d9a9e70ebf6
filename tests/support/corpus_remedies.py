"""What a refusal proposes, done: the keywords that it names, and the code that it shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import pandas as pd

from tests.support.corpus import Case, execute, lines_of
from tests.support.corpus_truth import are_alike, right_readings, stored
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.parts import CsvFormat
from vm_df_writer.files.file_options import FileOptions

Keywords = Mapping[str, Any]

_MOST_STEPS = 3
_LISTS = re.compile(r"label_columns=(\[[^\[\]]*\]), value_columns=(\[[^\[\]]*\])")
_ONE = re.compile(r"\b(time|time_unit|variable_column)=('[^']*')")
_MARKS = re.compile(r"\b(separator|decimal|thousands)=('[^']*')")
_ASSIGNED = re.compile(r"(frame\['[^']*'\]) = (.*?)(?: if it is a value|, or leave|$)")
_FRAME = re.compile(r"(frame = frame\.\w+\(.*?\))$")
_FORMS = re.compile(r"\(('%[^']*')\)")
_DROPPED = re.compile(r"drop it with (frame\.reset_index\(drop=True\))$")
_OF_COLUMN = re.compile(
    r"(pd\.to_\w+\((frame\['[^']*'\]).*?\)(?:\.dt\.round\('ms'\))?)(?:$|, or leave)"
)


def frames_of(case: Case) -> list[pd.DataFrame]:
    """Return the frame of a case or of its one CSV file, or what a refusal of that proposes."""
    if "frame.py" in case.files:
        return [execute(case.files["frame.py"])["frame"]]
    if list(case.files) != ["data.csv"]:
        return []
    text, reading = case.files["data.csv"], ReadOptions.of(**case.keywords)
    try:
        return [_read(text, reading)]
    except SourceError as refusal:
        options = [(name, ast.literal_eval(mark)) for name, mark in _MARKS.findall(str(refusal))]
        ways = [dict([option]) for option in options]
        if "' and thousands=" in str(refusal):
            ways = [dict(options)]
        frames = [_read(text, reading, **way) for way in ways]
        if "grep -v '^#'" in str(refusal):
            frames.append(_read(re.sub("(?m)^#.*\n", "", text), reading))
        if not frames:
            raise AssertionError(f"it proposes nothing that can be done: {refusal}") from None
        return frames


def _read(text: str, reading: ReadOptions, **options: Any) -> pd.DataFrame:
    return CsvFormat().read_whole(BytesIO(text.encode()), reading, FileOptions(**options))


def leads_to_the_truth(case: Case, frame: pd.DataFrame) -> tuple[bool, list[str]]:
    """Say whether a refusal, followed, ends in a right reading; return what was said on the way."""
    said: list[str] = []
    ways = [(frame, dict(case.keywords))]
    for _ in range(_MOST_STEPS + 1):
        further = []
        for one, keywords in ways:
            outcome = lines_of(one, keywords)
            if not outcome.refused:
                if any(are_alike(stored(outcome.lines), right) for right in right_readings(case)):
                    return True, said
                continue
            said.append(outcome.said)
            further += list(_proposed(one, keywords, outcome.said))
        ways = further
    return False, said


def _proposed(
    frame: pd.DataFrame, keywords: Keywords, message: str
) -> Iterator[tuple[pd.DataFrame, dict[str, Any]]]:
    for match in _LISTS.finditer(message):
        labels, values = map(ast.literal_eval, match.groups())
        yield frame, {**keywords, "label_columns": labels, "value_columns": values}
    for match in _ONE.finditer(message):
        yield frame, {**keywords, match[1]: ast.literal_eval(match[2])}
    for column, code in _ASSIGNED.findall(message):
        yield _run(frame, f"{column} = {code}"), {**keywords}
    for code, column in () if "assign(" in message else _OF_COLUMN.findall(message):
        yield _run(frame, f"{column} = {code}"), {**keywords}
    for column in re.findall(r"column ('[^']*'), row", message):
        for form in _FORMS.findall(message):
            code = f"frame[{column}] = pd.to_datetime(frame[{column}], format={form})"
            yield _run(frame, code), {**keywords}
    for code in _DROPPED.findall(message):
        yield _run(frame, f"frame = {code}"), {**keywords}
    for code in _FRAME.findall(message):
        yield _run(frame, code), {k: v for k, v in keywords.items() if k != "time"}


def _run(frame: pd.DataFrame, code: str) -> pd.DataFrame:
    made: pd.DataFrame = execute(code, frame=frame.copy())["frame"]
    return made
