from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import T, export_line
from vm_df_writer.errors import ServerRejected
from vm_df_writer.verification.export.series_collector import SeriesCollector, TimesCache

Y, Z = {"__name__": "y"}, {"__name__": "z", "host": "a"}


def collected(collector: SeriesCollector) -> list[tuple[dict[str, str], list[int], list[float]]]:
    return [
        (dict(each.labels), (each.timestamps_ms - T).tolist(), each.values.tolist())
        for each in collector.take()
    ]


def test_lines_of_one_series_are_joined_in_the_order_of_time() -> None:
    collector = SeriesCollector()
    for line in (export_line(Y, [2, 3], "3,4"), export_line(Z, [0], "9")):
        collector.add(line)
    collector.add(export_line(Y, [0, 1, 2], "1,2,2.5"))
    assert collected(collector) == [
        (Y, [0, 1, 2, 2, 3], [1.0, 2.0, 3.0, 2.5, 4.0]),
        (Z, [0], [9.0]),
    ]
    assert all(not values for _, _, values in collected(collector))


def test_wanted_series_come_in_their_order_also_without_samples() -> None:
    collector = SeriesCollector([b'{"__name__":"z","host":"a"}', b'{"__name__":"x"}'])
    assert not collector.add(export_line(Y, [0], "1"))
    line = b'{"metric":{"host":"a","__name__":"z"},"values":[1],"timestamps":[%d]}' % T
    assert collector.add(line)
    assert collected(collector) == [(Z, [0], [1.0]), ({"__name__": "x"}, [], [])]


def test_a_series_that_is_wanted_in_two_orders_of_its_labels_is_there_twice() -> None:
    collector = SeriesCollector([b'{"a":"1","b":"2"}', b'{"c":"3"}', b'{"b":"2","a":"1"}'])
    assert collector.add(export_line({"b": "2", "a": "1"}, [60], "0.5"))
    first, other, second = collector.take()
    assert first.values.tolist() == second.values.tolist() == [0.5]
    assert other.values.tolist() == []


@pytest.mark.parametrize("text", ['"Infinity",1,"-Infinity"', "+Inf,1,-Inf"])
def test_infinities_are_values(text: str) -> None:
    collector = SeriesCollector()
    collector.add(export_line(Y, [0, 1, 2], text))
    assert collected(collector)[0][2] == [np.inf, 1.0, -np.inf]


def test_staleness_markers_are_no_samples() -> None:
    collector = SeriesCollector()
    collector.add(export_line(Y, [0, 1], "null,2"))
    assert collected(collector) == [(Y, [1], [2.0])]


def test_samples_outside_of_a_piece_belong_to_another_one() -> None:
    collector = SeriesCollector()
    for first, last in ((0, 1), (2, 3)):  # the server's end is a millisecond late
        with collector.piece(T + first, T + last, range(1)):
            collector.add(export_line(Y, range(first, last + 2), "1,2,9"))
    assert collected(collector) == [(Y, [0, 1, 2, 3], [1.0, 2.0, 1.0, 2.0])]


def test_series_of_another_piece_are_read_there() -> None:
    wanted = [b'{"__name__":"y"}', b'{"__name__":"z","host":"a"}']
    collector = SeriesCollector(wanted)
    for slot in (0, 1):
        with collector.piece(T, T + 1, range(slot, slot + 1)):
            collector.add(export_line(Y, [0], "1"))
            collector.add(export_line(Z, [0], "2"))
    assert collected(collector) == [(Y, [0], [1.0]), (Z, [0], [2.0])]


def test_a_piece_that_breaks_off_is_forgotten() -> None:
    collector = SeriesCollector()
    collector.add(export_line(Y, [0], "1"))

    def read() -> None:
        with collector.piece(T, T + 9, range(1)):
            collector.add(export_line(Y, [1], "2"))
            collector.add(export_line(Z, [1], "2"))
            collector.add(b"error: cannot fetch data")

    with pytest.raises(ServerRejected):
        read()
    assert collected(collector) == [(Y, [0], [1.0]), (Z, [], [])]


@pytest.mark.parametrize(
    "line",
    [
        export_line(Y, [0, 1], "1"),
        export_line(Y, [0], "1,"),
        export_line(Y, [0], '"many"'),
        b'{"metric":{"__name__":5x},"values":[1],"timestamps":[1]}',
        b"remoteAddr: too many samples",
    ],
)
def test_what_is_no_line_of_samples_is_an_error(line: bytes) -> None:
    with pytest.raises(ServerRejected, match="expected lines of samples"):
        SeriesCollector().add(line)


def test_timestamps_that_are_shared_are_held_once_and_not_all_for_ever() -> None:
    collector = SeriesCollector()
    for i in range(3):
        collector.add(export_line({"__name__": f"y{i}"}, [0, 1], "1,2"))
    first, *others = collector.take()
    assert all(each.timestamps_ms is first.timestamps_ms for each in others)
    cache = TimesCache()
    kept = cache.load(b"[1]")
    for i in range(40):
        cache.load(b"[%s%d]" % (b"1," * 2**18, i))
    assert cache.load(b"[1]") is not kept
