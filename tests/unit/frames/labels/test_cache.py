from __future__ import annotations

import pickle
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes
from vm_df_writer.errors import DuplicateSeriesError
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.model.label_sets import LabelSets
from vm_df_writer.warning_classes import LabelClashWarning


def test_label_sets_are_rendered_once_for_frames_of_the_same_series() -> None:
    frame = pd.DataFrame({"y": [1.0], "z": [2.0]}, index=minutes(0))
    cache = LabelSetCache(10)
    first = parse_frame(frame, metric_format={"__name__": "$VAR"}, cache=cache)
    again = parse_frame(frame + 1, metric_format={"__name__": "$VAR"}, cache=cache)
    assert again.label_sets is first.label_sets
    other = parse_frame(frame, metric_format={"__name__": "vm_$VAR"}, cache=cache)
    assert list(other.label_sets) == [b'{"__name__":"vm_y"}', b'{"__name__":"vm_z"}']
    renamed = parse_frame(
        frame.rename(columns={"y": "x"}), metric_format={"__name__": "$VAR"}, cache=cache
    )
    assert renamed.label_sets[0] == b'{"__name__":"x"}'


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_label_sets_are_found_by_columns_that_are_equal_and_not_the_same(dtype: Any) -> None:
    cache = LabelSetCache(10)

    def label_sets_of(*hosts: str) -> LabelSets:
        levels = [pd.Index([text * 2 for text in texts], dtype=dtype) for texts in ("yz", hosts)]
        columns = pd.MultiIndex.from_arrays(levels, names=["var", "host"])
        frame = pd.DataFrame([[1.0, 2.0]], index=minutes(0), columns=columns)
        return parse_frame(frame, metric_format={"__name__": "$VAR"}, cache=cache).label_sets

    first = label_sets_of("a", "b")
    assert label_sets_of("a", "b") is first
    assert list(label_sets_of("b", "a")) == [
        b'{"__name__":"yy","host":"bb"}',
        b'{"__name__":"zz","host":"aa"}',
    ]
    assert label_sets_of("a", "b") is first


@pytest.mark.parametrize("dtype", [object, "str", "string", "category"])
def test_a_level_that_has_a_value_twice_makes_no_two_series_of_one_name(dtype: Any) -> None:
    twice = pd.Index(["a", "b", "a"], dtype=object).astype(dtype)
    columns = pd.MultiIndex(
        levels=[["y"], twice],
        codes=[[0] * 3, [0, 1, 2]],
        names=["var", "host"],
        verify_integrity=False,
    )
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], index=minutes(0), columns=columns)
    with pytest.raises(
        DuplicateSeriesError, match=r"^column \('y', 'a'\) and column \('y', 'a'\) "
    ):
        parse_frame(frame)


def test_columns_that_were_changed_in_place_are_read_anew() -> None:
    cache, names = LabelSetCache(10), np.array(["y", "z"], dtype=object)
    for last in ("z", "x"):
        names[1] = last
        columns = pd.Index(names, copy=False)
        frame = pd.DataFrame([[1.0, 2.0]], index=minutes(0), columns=columns)
        read = parse_frame(frame, metric_format={"__name__": "$VAR"}, cache=cache)
        assert list(read.label_sets) == [b'{"__name__":"y"}', b'{"__name__":"%b"}' % last.encode()]


@pytest.mark.parametrize(("max_entries", "kept"), [(0, []), (2, ["c"]), (3, ["b", "c"])])
def test_the_cache_forgets_the_oldest_frame(max_entries: int, kept: list[str]) -> None:
    cache = LabelSetCache(max_entries)
    for key, size in (("a", 2), ("b", 1), ("c", 2)):
        cache.get_or_render(key, partial(LabelSets.of, [b"kept"] * size))
    again = {key: cache.get_or_render(key, partial(LabelSets.of, [b"new"] * 9)) for key in "cba"}
    assert [key for key in "abc" if again[key][0] == b"kept"] == kept


def test_the_cache_is_pickled_empty() -> None:
    cache = LabelSetCache(5)
    cache.get_or_render("key", lambda: LabelSets.of([b"{}"]))
    copy = pickle.loads(pickle.dumps(cache))  # noqa: S301
    assert list(copy.get_or_render("key", lambda: LabelSets.of([b"other"]))) == [b"other"]


def test_a_clash_is_warned_of_at_every_write() -> None:
    frame = pd.DataFrame({"for": ["a"], "y": [1.0]}, index=minutes(0))
    cache = LabelSetCache(10)
    for _ in range(2):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            parse_frame(frame, metric_format={"__name__": "$VAR", "for": "x"}, cache=cache)
        assert [w.category for w in warned] == [LabelClashWarning]


def test_who_asks_while_another_one_is_at_the_cache_renders_anew_and_does_not_wait() -> None:
    cache = LabelSetCache(9)
    cache.get_or_render(_Asking("a", cache), lambda: LabelSets.of([b"first"]))
    again = cache.get_or_render(_Asking("a", cache), lambda: LabelSets.of([b"new"]))
    assert list(again) == [b"first"]


class _Asking:
    """A key that asks for another one while it is looked up, as a thread may do then."""

    def __init__(self, text: str, cache: LabelSetCache) -> None:
        self.text, self._cache = text, cache

    def __hash__(self) -> int:
        found = self._cache.get_or_render("other", lambda: LabelSets.of([b"fresh"]))
        assert list(found) == [b"fresh"]
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asking) and self.text == other.text
