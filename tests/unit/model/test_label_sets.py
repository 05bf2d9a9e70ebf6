from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from tests.support.write_request import parse_labels
from vm_df_writer.model.label_sets import LabelSets

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
NAMES = ["Host", "__name__", "host", "é", "zone"]
SETS = [json.dumps({name: f"{name}-{i}" for name in NAMES}).encode() for i in range(5)]


def rendered(calls: list[int]) -> LabelSets:
    def render_fields() -> list[bytes]:
        calls.append(1)
        return [b"f%d" % i for i in range(5)]

    return LabelSets(list(SETS), render_fields)


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_fields_are_the_labels_sorted_by_the_bytes_of_their_names(labels: dict[str, str]) -> None:
    label_sets = LabelSets.of([json.dumps(labels).encode()])
    assert parse_labels(label_sets.fields()[0]) == sorted(
        labels.items(), key=lambda label: label[0].encode()
    )


def test_the_name_of_the_metric_has_its_place_among_the_labels() -> None:
    (fields,) = LabelSets.of(SETS[:1]).fields()
    assert [name for name, _ in parse_labels(fields)] == ["Host", "__name__", "host", "zone", "é"]


def test_parts_keep_both_forms_of_the_same_series() -> None:
    whole = rendered([])
    for part, series in (
        (whole, [0, 1, 2, 3, 4]),
        (whole[1:3], [1, 2]),
        (whole[::2], [0, 2, 4]),
        (whole.take([4, 0, 0]), [4, 0, 0]),
        (whole[1:].take([3, 0])[:1], [4]),
        (LabelSets.concat([whole[:1], whole[3:]]), [0, 3, 4]),
        (LabelSets.concat([whole[2:]]), [2, 3, 4]),
        (LabelSets.concat([]), []),
        (LabelSets.of(whole), [0, 1, 2, 3, 4]),
    ):
        assert list(part) == part.json == [SETS[i] for i in series]
        assert part.fields() == [b"f%d" % i for i in series]
        assert len(part) == len(series)
    assert whole[3] is SETS[3]
    assert whole[:9] is whole


def test_fields_are_rendered_once_for_all_parts_and_only_if_they_are_asked_for() -> None:
    calls: list[int] = []
    whole = rendered(calls)
    parts = [whole[:2], whole[2:].take([0]), LabelSets.concat([whole[:1], whole[1:]])]
    assert calls == []
    for part in parts:
        part.fields()
    assert calls == [1]
