"""Texts of objects: equal ones have one content, and a list is made when one is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.frames.labels.lazy_texts import ObjectTexts

N = 2**13 + 3  # more than are looked at at once


def texts_of(*values: object) -> ObjectTexts | None:
    return ObjectTexts.of(np.array([*values, None], dtype=object)[:-1])


class Odd(str):
    """Text that may be written as something else."""

    __slots__ = ()


@pytest.mark.parametrize("other", ["", None, 1, Odd("a"), b"a", ["a"]])
@pytest.mark.parametrize("n_before", [0, 1, N])
def test_one_that_is_empty_or_no_plain_text_makes_all_of_them_something_else(
    other: object, n_before: int
) -> None:
    assert texts_of(*["a"] * n_before, other, "b") is None


def test_what_is_no_unicode_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        texts_of("a", "\ud800")


def test_they_are_a_sequence() -> None:
    texts = texts_of("a", "é", "c\0d")
    assert texts is not None
    assert (len(texts), [*texts], texts[1], texts[1:]) == (
        *(3, ["a", "é", "c\0d"], "é"),
        ["é", "c\0d"],
    )
    assert texts.take(np.array([2, 0, 2])) == ["c\0d", "a", "c\0d"]


@given(st.lists(st.lists(st.text("a\0é", min_size=1, max_size=3), max_size=3), max_size=9))
def test_equal_texts_have_one_content_and_others_another(drawn: list[list[str]]) -> None:
    contents = {texts.contents for each in drawn if (texts := texts_of(*each)) is not None}
    assert len(contents) == len(set(map(tuple, drawn)))


@pytest.mark.parametrize("changed", [0, 2**12 - 1, 2**12, N - 1])
def test_one_text_of_many_changes_the_content(changed: int) -> None:
    values: list[Any] = [f"t{i}" for i in range(N)]
    whole, again = texts_of(*values), texts_of(*values)
    values[changed] += "x"
    other = texts_of(*values)
    assert whole is not None
    assert again is not None
    assert other is not None
    assert whole.contents == again.contents != other.contents
    assert other[changed] == f"t{changed}x"
