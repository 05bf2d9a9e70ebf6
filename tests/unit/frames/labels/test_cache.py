from __future__ import annotations

import pickle
import warnings

import pandas as pd
import pytest

from tests.support.frame_samples import minutes
from vm_df_writer.errors import LabelClashWarning
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.frames.parse import parse_frame


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


@pytest.mark.parametrize(("max_entries", "kept"), [(0, []), (2, [b"c"]), (3, [b"b", b"c"])])
def test_the_cache_forgets_the_oldest_frame(max_entries: int, kept: list[bytes]) -> None:
    cache = LabelSetCache(max_entries)
    for text, size in ((b"a", 2), (b"b", 1), (b"c", 2)):
        cache.get_or_render(text, lambda text=text, size=size: [text] * size)  # type: ignore[misc]
    rendered: list[bytes] = []
    for text in (b"c", b"b", b"a"):
        cache.get_or_render(text, lambda text=text: rendered.append(text) or [text] * 9)  # type: ignore[misc,func-returns-value]
    assert [text for text in (b"a", b"b", b"c") if text not in rendered] == kept


def test_the_cache_is_pickled_empty() -> None:
    cache = LabelSetCache(5)
    cache.get_or_render("key", lambda: [b"{}"])
    copy = pickle.loads(pickle.dumps(cache))  # noqa: S301
    assert copy.get_or_render("key", lambda: [b"other"]) == [b"other"]


def test_a_clash_is_warned_of_at_every_write() -> None:
    frame = pd.DataFrame({"for": ["a"], "y": [1.0]}, index=minutes(0))
    cache = LabelSetCache(10)
    for _ in range(2):
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            parse_frame(frame, metric_format={"__name__": "$VAR", "for": "x"}, cache=cache)
        assert [w.category for w in warned] == [LabelClashWarning]
