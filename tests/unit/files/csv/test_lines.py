"""Lines end outside quotes, and quotes open where cells begin."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.lines import check_cell_counts, first_line_end, last_line_end

BROKEN_LINES = [
    (b"", 0),
    (b"a", 0),
    (b"a\nb", 2),
    (b'"a\nb"\nc', 6),
    (b'"a\nb', 0),
    (b'x\n"a\nb', 2),
    (b'5" disk\n6', 8),
    (b'5" disk,"a\nb"\nc', 14),
    (b'"q""\n",1\n2', 9),
    (b'a, "b\nc"\nd', 9),
    (b'"a"b"\nc', 6),
    (b'a"",b\nc', 6),
]


@pytest.mark.parametrize(("data", "end"), BROKEN_LINES)
def test_the_last_line_ends_outside_quotes(data: bytes, end: int) -> None:
    assert last_line_end(data, ",") == end


def test_the_separator_says_where_a_quote_opens() -> None:
    data = b'a;"b\nc";d\ne'
    assert last_line_end(data, ";") == 10
    assert last_line_end(data, ",") == 10
    assert first_line_end(data, ";") == 10
    assert first_line_end(data, ",") == 5


def test_a_first_line_without_an_end_is_all_there_is() -> None:
    assert first_line_end(b"a,b", ",") == 3
    assert first_line_end(b'a,"b\nc', ",") == 6


@given(st.lists(st.lists(st.text('a",\n ', max_size=4), min_size=2, max_size=3), min_size=1))
def test_lines_end_where_the_csv_module_ends_them(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = text.getvalue().encode()
    assert last_line_end(data, ",") == len(data)
    assert len([*csv.reader(io.StringIO(data[: first_line_end(data, ",")].decode()))]) == 1
    assert [*csv.reader(io.StringIO(data[: last_line_end(data[:-1], ",")].decode()))] == rows[:-1]


def test_a_line_of_more_cells_than_names_is_refused_with_its_number() -> None:
    check_cell_counts(b'1,2\n"a,b",2\n3\n\n', ",", 2, 2)
    with pytest.raises(
        SourceError,
        match=r"^line 13 has 3 cells, and the header has 2 names; name every column, put cells "
        r"that hold ',' in double quotes, or name another separator=$",
    ):
        check_cell_counts(b'1,2\n"a\nb",2\n1,2,3\n', ",", 2, 10)
    with pytest.raises(SourceError, match=r"^line 3 has 3 cells"):
        check_cell_counts(b"1,2\n1,2,3", ",", 2, 2)
