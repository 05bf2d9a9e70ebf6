from __future__ import annotations

import numpy as np
import pandas as pd

from vm_df_writer.frames.roles.column_survey import survey_columns


def test_columns_that_are_not_plain_numbers_are_told_with_their_position() -> None:
    frame = pd.DataFrame({"y": [0.5], "n": [1], 7: ["a"], "up": [True], "m": [2]})
    frame[7] = frame[7].astype("category")
    survey = survey_columns(frame)
    assert survey.names == ["y", "n", 7, "up", "m"]
    assert survey.text == "y\nn\nup\nm"
    assert survey.beside_floats == [(1, "n", "integer"), (2, 7, "text"), (4, "m", "integer")]
    assert survey.whole_numbers == ["n", "m"]


def test_of_a_frame_of_numbers_there_is_nothing_beside() -> None:
    survey = survey_columns(pd.DataFrame(np.ones((1, 3)), columns=["a", "b", "a"]))
    assert survey.names == ["a", "b", "a"]
    assert survey.beside_floats == []


def test_columns_of_one_name_are_told_apart_by_position() -> None:
    frame = pd.concat([pd.Series([1], name="n"), pd.Series([0.5], name="n")], axis=1)
    assert survey_columns(frame).beside_floats == [(0, "n", "integer")]


def test_columns_in_levels_are_not_looked_at() -> None:
    columns = pd.MultiIndex.from_tuples([("y", "a")], names=["var", "host"])
    survey = survey_columns(pd.DataFrame([[1]], columns=columns))
    assert (survey.names, survey.text, survey.beside_floats) == ([], "", [])
