"""Texts in Arrow's memory: equal ones are found by their bytes, and missing ones are not read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vm_df_writer.frames.labels.arrow_texts import ArrowTexts
from vm_df_writer.frames.labels.label_column import LabelColumn

pytest.importorskip("pyarrow")

ARROW = pd.StringDtype("pyarrow")


def texts_of(*texts: str | None) -> ArrowTexts | None:
    return ArrowTexts.of(pd.Index(texts, dtype=ARROW))


def contents_of(*texts: str) -> tuple[bytes, bytes]:
    texts_there = texts_of(*texts)
    assert texts_there is not None
    return texts_there.contents


def test_what_is_missing_or_empty_or_no_text_is_none_of_them() -> None:
    assert texts_of("a", None) is None
    assert texts_of("a", "") is None
    assert texts_of() is None
    assert ArrowTexts.of(pd.Index(["a"], dtype=object)) is None
    assert ArrowTexts.of(pd.Index([1.5])) is None


@pytest.mark.parametrize(
    ("values", "known"),
    [("a", True), ("abc", True), ("aé", True), ("aba", False), ("aab", False), ("cab", False)],
)
def test_texts_that_ascend_are_known_to_be_distinct(values: str, known: bool) -> None:
    index = pd.Index([*values], dtype=ARROW)
    level, factorized = ArrowTexts.of(index), ArrowTexts.of(index, is_factorized=True)
    assert level is not None
    assert factorized is not None
    assert level.are_distinct() is known
    assert factorized.are_distinct()


def test_they_are_a_sequence() -> None:
    texts = texts_of("a", "é", '"')
    assert texts is not None
    assert (len(texts), [*texts], texts[1], texts[1:]) == (3, ["a", "é", '"'], "é", ["é", '"'])
    assert texts.most_bytes == 2


def test_equal_texts_have_one_content_wherever_they_lie() -> None:
    index = pd.Index(["c", "aa", "b", "d"], dtype=ARROW)
    cut = ArrowTexts.of(index[1:3])
    taken = ArrowTexts.of(index.take([1, 2]))
    assert cut is not None
    assert taken is not None
    assert [*cut] == [*taken] == ["aa", "b"]
    assert cut.contents == taken.contents == contents_of("aa", "b")


def test_other_texts_have_another_content() -> None:
    rng = np.random.default_rng(0)
    drawn = [tuple(rng.choice(["a", "b", "ab", "ba", "bb"], size=3)) for _ in range(500)]
    assert len({contents_of(*texts) for texts in drawn}) == len(set(drawn))


def test_a_label_of_other_codes_or_texts_has_another_key() -> None:
    labels = [
        LabelColumn(name, codes, texts)
        for name in ("host", "job")
        for codes in (None, np.array([0, 1]), np.array([1, 0]))
        for texts in (texts_of("a", "b"), texts_of("ab", "b"), ["a", "b"], ["b", "a"], ["a\0b"])
        if texts is not None
    ]
    assert len({label.key for label in labels}) == len(labels)
