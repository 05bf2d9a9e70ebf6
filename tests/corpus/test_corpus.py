"""Whether frames, files and jobs of people who do this work are read as they mean them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from tests.support.corpus import Case, all_cases, ask, lines_of
from tests.support.corpus_remedies import frames_of, leads_to_the_truth
from tests.support.corpus_shell import options_lead_to_the_truth
from tests.support.corpus_truth import verdict

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_frame_or_file_is_read_as_its_owner_means_it_or_refused_in_words(
    case: Case, tmp_path: Path, httpserver: HTTPServer
) -> None:
    found, why = verdict(case, ask(case, tmp_path, httpserver))
    assert found == "right" or (found == "refused" and not case.easy), why


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "series" in case.truth and case.via != "backfill"],
    ids=lambda case: case.id,
)
def test_a_refusal_proposes_what_leads_to_the_truth(case: Case) -> None:
    frames = frames_of(case)
    if not frames or not any(lines_of(frame, case.keywords).refused for frame in frames):
        pytest.skip("not one frame, or not refused")
    ends = [leads_to_the_truth(case, frame) for frame in frames]
    assert any(is_reached for is_reached, _ in ends), ends


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if "series" in case.truth and case.via != "frame" and not case.easy],
    ids=lambda case: case.id,
)
def test_a_refusal_in_a_shell_proposes_options_that_lead_to_the_truth(
    case: Case, tmp_path: Path, httpserver: HTTPServer
) -> None:
    is_reached, said = options_lead_to_the_truth(case, tmp_path, httpserver)
    assert is_reached, said


def test_no_two_cases_share_an_id() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


DTYPES: dict[str, Callable[[], Any]] = {
    "object": lambda: object,
    "string": lambda: "string[python]",
    "arrow": lambda: pd.ArrowDtype(pytest.importorskip("pyarrow").string()),
    "category": lambda: "category",
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.via == "frame"], ids=lambda case: case.id
)
def test_text_of_another_dtype_is_read_alike(case: Case, dtype: str) -> None:
    for frame in frames_of(case):
        if not isinstance(frame, pd.DataFrame) or not frame.columns.is_unique:
            continue
        texts = [name for name in frame if isinstance(name, str) and is_text(frame[name])]
        usual = lines_of(frame, case.keywords)
        if not texts or (dtype == "category" and usual.refused):  # a category says: a label
            continue
        other = lines_of(frame.astype(dict.fromkeys(texts, DTYPES[dtype]())), case.keywords)
        assert other.refused == usual.refused, (usual.said, other.said)
        assert sorted(other.lines) == sorted(usual.lines)


def is_text(column: pd.Series) -> bool:
    """Say whether a column holds nothing but texts, or nothing."""
    return pd.api.types.infer_dtype(column) == "string"
