from __future__ import annotations

import pytest

from vm_df_writer.errors import ServerRejected
from vm_df_writer.wire.count_query import count_form, read_counts


def test_all_series_are_counted_in_one_question() -> None:
    form = dict(count_form(['{a="1"}', '{a="2"}'], 1000, 1000, most=5))
    assert form["query"] == (
        'limitk(5,union(count_over_time({a="1"}[2ms]) keep_metric_names,'
        'count_over_time({a="2"}[2ms]) keep_metric_names))'
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"", "expected counts of series, got no counts"),
        (b"[]", "got no counts"),
        (b'{"data":{"result":[{"metric":{}}]}}', "got no counts"),
        *(
            (b'{"data":{"result":[{"metric":{},"value":[1,"%s"]}]}}' % count, "got no counts")
            for count in (b"Inf", b"-Inf", b"NaN", b"1e999", b"x")
        ),
        (b'{"data":{"result":[{"metric":{"a":5},"value":[1,"2"]}]}}', "got no counts"),
        (b'{"isPartial":true,"data":{"result":[]}}', "got an answer from a part of the cluster"),
    ],
)
def test_an_answer_without_counts_is_an_error_of_the_server(answer: bytes, message: str) -> None:
    with pytest.raises(ServerRejected, match=message) as caught:
        read_counts(answer)
    assert caught.value.status == 200


def test_no_series_is_no_count() -> None:
    assert read_counts(b'{"data":{"result":[]}}') == {}
