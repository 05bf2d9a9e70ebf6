"""What the first lines of a CSV show, and what they leave open."""

from __future__ import annotations

import pytest

from tests.support.csv_text import column_of, frame_of
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.dialect import CsvDialect, sniff_dialect
from vm_df_writer.files.file_options import FileOptions


def sniff(text: str, options: FileOptions | None = None, default: str = ",") -> CsvDialect:
    dialect, _ = sniff_dialect(text.encode(), options or FileOptions(), default_separator=default)
    return dialect


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("time,y\n1,2\n", ","),
        ("time;y\n1;2\n", ";"),
        ("time\ty\n1\t2\n", "\t"),
        ("time|y\n1|2\n", "|"),
        ("y\n1\n2\n", ","),
        ("time;y;z\n1;2,5;3,5\n4;5,5;6,5\n", ";"),
        ('"a,b";y\n"1,2";2\n', ";"),
        ('time,"a;b"\n1,"2;3"\n', ","),
        ("time,BZN|DE\n1,2\n3,4\n", ","),
        ("time,note\n1,a;b\n2,c\n", ","),
        ("time;y;z\n1;2\n3;4;5\n", ";"),
        ("time;y\n1;2\n3;4;5\n6;7\n8;9\n", ";"),
        ("time,y\n1,2\n1,2,3\n", ","),
        ("x,y\n1,2,3\n4,5,6\n", ","),
        ("a;b\n", ";"),
    ],
)
def test_the_separator_is_what_cuts_header_and_lines_alike(text: str, separator: str) -> None:
    assert sniff(text).separator == separator


def test_two_separators_that_fit_are_a_question() -> None:
    text = "time;power (kW, net)\n2026-01-01;1,5\n2026-01-02;2,5\n"
    with pytest.raises(
        SourceError,
        match=r"^its cells may be separated by commas or semicolons; say which with separator=, "
        r"such as separator=','$",
    ):
        sniff(text)
    assert sniff(text, FileOptions(separator=";")).names == ("time", "power (kW, net)")


def test_the_ending_of_the_name_decides_where_tabs_fit() -> None:
    text = "time\ta,b\n1\t2,3\n"
    assert sniff(text, default="\t").separator == "\t"
    assert sniff("time;y\n1;2\n", default="\t").separator == ";"


@pytest.mark.parametrize("line", ["sep=;\n", "SEP=;\r\n", '"sep=;"\n'])
def test_a_line_of_spreadsheets_names_the_separator_and_is_no_header(line: str) -> None:
    assert frame_of(f"{line}a,b;c\n1;2\n")["c"].tolist() == [2]
    assert sniff(f"\ufeff{line}a;b\n").separator == ";"


def test_a_byte_order_mark_and_blank_lines_are_no_part_of_the_first_name() -> None:
    assert frame_of(b"\xef\xbb\xbftime,y\n2026-01-01,1\n").columns[0] == "time"
    assert frame_of("\n \r\ntime,y\n2026-01-01,1\n").columns[0] == "time"


def test_names_in_quotes_may_hold_separators_and_line_ends() -> None:
    assert sniff('time,"a, ""b""","c\nd"\n1,2,3\n').names == ("time", 'a, "b"', "c\nd")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^is empty; a CSV begins with the names of its columns$"),
        ("\n\n", "^is empty; a CSV begins with the names of its columns$"),
        ("y,y\n1,2\n", "^column 'y' stands twice in the header; rename one of them$"),
        ("x,,y\n1,2,3\n", "^column 2 has no name in the header; name it$"),
        (
            "#group,false\n#datatype,long\n,table\n,0\n",
            (
                r"^begins with 2 lines of annotations or comments \(first: '#group,false'\); "
                r"remove the lines that begin with #, as with: grep -v '\^#' FILE \| vm-df-w"
            ),
        ),
        (
            "0.118,0.407\n0.12,0.4\n",
            (
                r"^its first line holds data \(0.118, 0.407\), not the names of columns; put a "
                "header line in front, such as time,host,score$"
            ),
        ),
        ("2026-01-01 00:00:00,1.5\n2026-01-02,2\n", "^its first line holds data "),
    ],
)
def test_a_header_that_does_not_name_the_columns_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        sniff(text)


@pytest.mark.parametrize("header", ["#time,y", "time,1,2", ",1,2", "2026-01,y"])
def test_odd_names_are_names(header: str) -> None:
    assert sniff(f"{header}\n1,2,3\n", FileOptions(separator=",")).names == (*header.split(","),)


def test_a_header_of_40000_names_is_checked_in_a_moment() -> None:
    names = tuple(f"sensor {number}" for number in range(40_000))
    assert sniff(",".join(names) + "\n", FileOptions(separator=",")).names == names


def test_a_header_that_is_no_utf_8_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^is no UTF-8 \(byte 0xfc at 2\); name what it is"):
        frame_of("x,\u00fc\n1,2\n".encode("latin-1"))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas_are_read_where_they_can_be_nothing_else(separator: str) -> None:
    text = "t/x/y\na/3,8071/1,250\nb/0,5/-2,125\nc/7/NA\n".replace("/", separator)
    assert frame_of(text)["x"].tolist() == [3.8071, 0.5, 7.0]
    assert frame_of(text)["y"].tolist()[:2] == [1.25, -2.125]


def test_an_exponent_is_no_decimal_point() -> None:
    frame = frame_of("t;x;y\na;3,5;1e-07\nb;1e5;2e3\n")
    assert frame["x"].tolist() == [3.5, 1e5]
    assert frame["y"].tolist() == [1e-7, 2e3]


def test_decimal_commas_between_commas_are_read_when_they_are_named() -> None:
    text = 't,y\na,"0,5"\nb,"1,25"\n'
    with pytest.raises(SourceError, match=r"^column 'y': '0,5' looks like a number with a decimal"):
        frame_of(text)
    assert column_of(text, "y", FileOptions(decimal=",")) == [0.5, 1.25]


def test_a_decimal_point_that_is_named_is_not_found_out() -> None:
    with pytest.raises(SourceError, match=r"'3,5' looks like .* decimal comma; pass decimal=','"):
        frame_of("t;y\na;3,5\n", FileOptions(decimal="."))


def test_a_dialect_survives_json() -> None:
    dialect = CsvDialect(";", ",", ".", "cp1252", ("void",), ("t", "y"))
    assert CsvDialect.of({**vars(dialect), "names": ["t", "y"], "na_values": ["void"]}) == dialect
