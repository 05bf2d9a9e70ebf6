"""How an estimate is shown; what it says is tested with files and servers."""

from __future__ import annotations

from vm_df_writer.jobs import JobEstimate

FORESEEN = JobEstimate(
    files=1,
    parts=38,
    rows=310_000,
    parts_read=5,
    series=8,
    samples=310_000,
    bytes_raw=6_000_000,
    dropped={"inf": 12},
    seconds=3.2,
    unreadable={"b.parquet": "it is no parquet file"},
    first_line='{"metric":{"__name__":"y"},"values":[1.0],"timestamps":[0]}',
)


def test_an_estimate_is_one_line_at_a_prompt() -> None:
    assert repr(FORESEEN) == (
        "<JobEstimate: about 310,000 samples in 38 parts of 1 file, 1 would fail>"
    )


def test_an_estimate_is_a_table_in_a_notebook_as_in_a_terminal() -> None:
    text, html = str(FORESEEN), FORESEEN._repr_html_()
    for fact in ("1 file, 38 parts, 310,000 rows", "12 inf", "WOULD FAIL: it is no parquet file"):
        assert fact in text
        assert fact in html
