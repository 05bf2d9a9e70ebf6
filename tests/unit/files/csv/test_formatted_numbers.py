"""Numbers written for readers are no labels: they are named with the option that reads them."""

from __future__ import annotations

import pytest

from tests.support.csv_text import column_of, frame_of
from vm_df_writer.errors import SourceError
from vm_df_writer.files.file_options import FileOptions

LABEL = r", or name the column in label_columns= if it is a label$"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["3,201", "12"], "may have a decimal comma or a comma between thousands; pass "
         r"decimal=',' or thousands=','" + LABEL),
        (["3,201", "12.5"], r"looks like digits in groups; pass thousands=','" + LABEL),
        (["3,201,000"], r"looks like digits in groups; pass thousands=','" + LABEL),
        (["-1,201.5"], r"looks like digits in groups; pass thousands=','" + LABEL),
        (["0,487", "3,025"], r"looks like a number with a decimal comma; pass decimal=','" + LABEL),
        ([",5"], r"looks like a number with a decimal comma; pass decimal=','" + LABEL),
        (["1.234,5"], r"looks like a number with a decimal comma; pass decimal=',' and "
         r"thousands='\.'" + LABEL),
        (["12 004"], r"looks like digits in groups; pass thousands=' '" + LABEL),
        (["12'004", "7"], r"""looks like digits in groups; pass thousands="'\"""" + LABEL),
        (["0,5", "2.5"], r"are written in different ways; correct the file$"),
        (["0,5", "1,000,000"], r"are written in different ways; correct the file$"),
    ],
)  # fmt: skip
def test_the_message_names_the_option(cells: list[str], message: str) -> None:
    lines = "".join(f'"{cell}",z\n' for cell in cells)
    with pytest.raises(SourceError, match=rf"^column 'y': .*{message}"):
        frame_of(f"y,z\n{lines}")


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["3,201", "12"], FileOptions(thousands=",")),
        (["0,487", "3,025"], FileOptions(decimal=",")),
        (["1.234,5"], FileOptions(decimal=",", thousands=".")),
        (["12 004"], FileOptions(thousands=" ")),
        (["12\u202f004"], FileOptions(thousands="\u202f")),
    ],
)
def test_the_option_makes_numbers_of_them(cells: list[str], options: FileOptions) -> None:
    lines = "".join(f'"{cell}",z\n' for cell in cells)
    assert str(frame_of(f"y,z\n{lines}", options)["y"].dtype) == "float64"


def test_decimal_commas_beside_decimal_points_are_no_matter_of_an_option() -> None:
    with pytest.raises(
        SourceError,
        match=r"^column 'x': '3,2' looks like a number with a decimal comma, and column 'y' has "
        r"decimal points; correct the file, or name the column in label_columns= if it is a label$",
    ):
        frame_of("t;x;y\na;3,2;1.5\n")


def test_a_comma_of_thousands_is_known_by_decimal_points_in_another_column() -> None:
    with pytest.raises(SourceError, match=r"^column 'n': '3,201' looks like digits in groups;"):
        frame_of('n,y\n"3,201",0.5\n')


def test_one_cell_that_is_no_number_makes_a_column_of_text() -> None:
    text = 'y,z\n"3,201",1\n' + '"3,202",1\n' * 200 + "see log,1\n"
    assert column_of(text, "y")[0] == "3,201"


def test_a_label_that_looks_like_a_number_is_one_if_it_is_named() -> None:
    assert column_of('y,z\n"3,201",1\n', "y", label_columns=["y"]) == ["3,201"]


@pytest.mark.parametrize("cell", ["1,2,3", "10.0.0.1", "1_000", "3,20,100", "p99", "12,34,56"])
def test_what_is_no_number_in_any_form_is_text(cell: str) -> None:
    assert column_of(f'y,z\n"{cell}",1\n', "y") == [cell]


@pytest.mark.parametrize("word", ["inf", "-Infinity", "+INF"])
def test_an_infinity_is_a_number_beside_digits_in_groups(word: str) -> None:
    text = f'y,z\n"3,201",z\n{word},z\n'
    with pytest.raises(SourceError, match=r"^column 'y': '3,201' may have a decimal comma or a "):
        frame_of(text)
    assert abs(frame_of(text, FileOptions(thousands=","))["y"]).tolist() == [3201.0, float("inf")]
