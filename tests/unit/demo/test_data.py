"""The metrics of the demo: made up, scored, laid out, read back and judged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vm_df_writer.demo.data import (
    Detection,
    Event,
    detect,
    make_metrics,
    make_values,
    score,
    to_long,
    to_wide,
)

END = pd.Timestamp("2026-01-08", tz="UTC")


def test_the_same_seed_makes_the_same_metric_and_another_seed_another_one() -> None:
    first, again, other = (
        make_values(END, days=2, hosts=3, level=40.0, seed=seed)[0] for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert not np.allclose(first, other)


def test_a_metric_has_one_sample_a_minute_for_each_host() -> None:
    values, _ = make_values(END, days=2, hosts=4, level=40.0, seed=1)
    assert values.columns.tolist() == ["web-01", "db-01", "cache-01", "web-02"]
    assert (len(values), values.index[-1]) == (2 * 1440, END)
    assert (np.diff(values.index) == np.timedelta64(1, "m")).all()


def test_an_anomaly_that_would_go_below_zero_ends_there() -> None:
    values, _ = make_values(END, days=2, hosts=3, level=40.0, seed=6)
    assert values.to_numpy().min() == 0


def test_every_third_host_has_one_anomaly_of_20_to_239_minutes() -> None:
    values, events = make_values(END, days=7, hosts=36, level=40.0, seed=1)
    assert len({event.host for event in events}) == len(events) == 12
    minutes = {(event.last - event.first) // pd.Timedelta("1min") + 1 for event in events}
    assert 20 <= min(minutes) <= max(minutes) < 240
    assert all(event.first in values.index and event.last in values.index for event in events)


def test_scores_find_most_of_what_was_put_in_and_little_else() -> None:
    values, events = make_values(END, days=7, hosts=36, level=40.0, seed=1)
    found = detect(score(values)["anomaly_score"], events)
    assert found.events == 12
    assert found.found >= 9
    assert found.false_alarms <= found.others / 10_000


def test_a_score_above_one_is_a_value_beyond_the_bounds() -> None:
    values, _ = make_values(END, days=2, hosts=3, level=40.0, seed=1)
    outputs = score(values)
    outside = (outputs["y"] > outputs["yhat_upper"]) | (outputs["y"] < outputs["yhat_lower"])
    pd.testing.assert_frame_equal(outputs["anomaly_score"] > 1, outside)


def test_the_demo_has_one_wide_and_one_long_frame_of_all_outputs() -> None:
    wide, long = make_metrics(END, days=2, hosts=3)
    assert (wide.layout, wide.frame.columns.names) == ("wide", ["var", "host"])
    outputs = ["anomaly_score", "y", "yhat", "yhat_lower", "yhat_upper"]
    assert wide.frame.columns.unique("var").tolist() == outputs
    assert long.layout == "long"
    assert long.frame.columns.tolist() == ["time", "host", *outputs]


def test_the_long_form_holds_what_the_wide_form_holds() -> None:
    values, _ = make_values(END, days=2, hosts=3, level=40.0, seed=1)
    outputs = score(values)
    long = to_long(outputs).pivot_table(index="time", columns="host")
    pd.testing.assert_frame_equal(
        long.sort_index(axis=1),
        to_wide(outputs).sort_index(axis=1),
        check_names=False,
        check_freq=False,
    )


def test_an_anomaly_is_found_by_one_alarm_and_alarms_elsewhere_are_false() -> None:
    index = pd.date_range(END, periods=5, freq="1min")
    scores = pd.DataFrame({"a": [0.1, 2, 3, 0.1, 4], "b": [1.0, 0.1, 0.1, 0.1, 0.1]}, index=index)
    events = [Event("a", index[1], index[3]), Event("b", index[0], index[1])]
    found = detect(scores, events)
    assert found == Detection(events=2, found=1, others=5, false_alarms=1)
    assert str(found + found) == (
        "2 of 4 injected anomalies score above 1, and so do 2 of 10 other samples"
    )
