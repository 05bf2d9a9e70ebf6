from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from vm_df_writer.config.load import load_config
from vm_df_writer.config.yaml_file import parse_writer_section, read_writer_section
from vm_df_writer.errors import ConfigError


def parse(text: str, **env: str) -> dict[str, Any]:
    return parse_writer_section(text, env=env, known=["class", "datasource_url", "user"])


def refusal(text: str, **env: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text, **env)
    return str(caught.value)


def test_whole_file_gives_its_writer_section() -> None:
    assert parse("reader: {user: a}\nwriter: {user: b}\nmodels: [c]") == {"user": "b"}


def test_bare_section_is_recognised_by_one_known_parameter() -> None:
    assert parse("user: a\ntimout: 5s") == {"user": "a", "timout": "5s"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("reader: {user: a}\nmodels: {}", "'reader', 'models'; add the section"),
        ("wrtier: {user: a}", "'wrtier'; did you mean 'writer'?"),
        ("", "nothing; add the section"),
        ("- user: a", "nothing; add the section"),
        ("s3cret", "nothing; add the section"),
    ],
)
def test_file_without_a_writer_is_refused(text: str, found: str) -> None:
    assert refusal(text) == (
        f"expected a 'writer:' section, or the parameters of a writer, found {found}"
    )


@pytest.mark.parametrize(
    ("section", "found"),
    [("\n- class: vm\n- class: vm", "a list"), (" vm", "no 'name: value' lines"),
     ("\nuser: a", "no 'name: value' lines")],
)  # fmt: skip
def test_writer_that_is_no_mapping_is_refused(section: str, found: str) -> None:
    assert re.fullmatch(
        rf"line \d: writer: expected the parameters of one writer, found {found}; .*",
        refusal(f"writer:{section}"),
    )


@pytest.mark.parametrize("text", ["12:30", "0123", "1.10", "yes", "2026-01-01", "1e3", "0x1F", "="])
def test_scalars_stay_the_text_that_is_written(text: str) -> None:
    assert parse(f"user: {text}") == {"user": text}


def test_only_null_is_no_text() -> None:
    parsed = parse("{user: , a: ~, b: null, c: 'null', d: ''}")
    assert parsed == {"user": None, "a": None, "b": None, "c": "null", "d": ""}


@pytest.mark.parametrize(
    "written",
    ["%{X}", '"%{X}"', "'%{X}'", "%{X} # %{UNSET}", "\n    %{X}", "|-\n    %{X}", ">-\n    %{X}"],
)
def test_placeholder_is_replaced_however_it_is_quoted(written: str) -> None:
    value = "a\"b'c: #d%{e}\n{f}, [g]\\n "
    assert parse(f"writer:\n  user: {written}\n", X=value) == {"user": value}


def test_placeholders_stand_anywhere_in_a_value() -> None:
    text = "{user: http://%{HOST}:%{PORT}/x, l: [%{HOST}, a%{k8s.name-1}b], %{HOST}: key}"
    parsed = parse_writer_section(
        text, env={"HOST": "h: #", "PORT": "1", "k8s.name-1": "-"}, known=["user"]
    )
    assert parsed == {"user": "http://h: #:1/x", "l": ["h: #", "a-b"], "h: #": "key"}


def test_value_that_looks_like_a_placeholder_is_not_expanded_again() -> None:
    assert parse("user: %{A}%{A}", A="%{B}", B="b") == {"user": "%{B}%{B}"}
    assert parse("user: %{A}", A="\ue000B\ue001", B="b") == {"user": "\ue000B\ue001"}


@pytest.mark.parametrize("value", ["123", "null", "~", "", "true", "*a", "!x"])
def test_value_of_a_variable_is_text(value: str) -> None:
    assert parse("user: %{A}", A=value) == {"user": value}


def test_unset_variable_is_refused_by_name_and_line() -> None:
    assert refusal("writer:\n  # %{B}\n  user: x%{A}") == (
        "line 3: the environment variable 'A' is not set; "
        "set it, or write the value in place of %{A}"
    )


def test_what_stands_outside_the_writer_section_does_not_hurt() -> None:
    ignored = "{user: %{A}, user: !!int x, l: [%{B}], ~: x}"
    assert parse(f"reader: {ignored}\nwriter: {{user: b}} # %{{C}}") == {"user": "b"}


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("writer:\n  user: a\n  class: vm\n  user: a", 4, "user"),
        ("user: a\n'user': b", 2, "user"),
        ("writer: {user: a}\nwriter: {user: a}", 2, "writer"),
        ("user: a\nmetric_format:\n  x: a\n  %{X}: b", 4, "x"),
    ],
)
def test_duplicate_key_is_refused_with_its_line(text: str, line: int, key: str) -> None:
    assert refusal(text, X="x") == (
        f"line {line}: duplicate key {key!r}, which this mapping already has; keep one of the two"
    )


def test_merge_keys_and_aliases_work_and_may_be_overridden() -> None:
    text = "x: &x {user: a, t: &t 5s}\nwriter: {<<: *x, user: b, r: *t}"
    assert parse(text) == {"user": "b", "t": "5s", "r": "5s"}


@pytest.mark.parametrize("key", ["~", "[a]", "{a: b}", "? {a: b} "])
def test_key_that_is_no_name_is_refused(key: str) -> None:
    assert refusal(f"writer: {{{key}: x}}") == "line 1: expected a name before the colon"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("user:\n  a: b: s3cret", "line 2: not valid YAML (mapping values are not allowed here);"),
        ("user: *s3cret", "line 1: not valid YAML (found undefined alias);"),
        (
            "user: !s3cret x",
            "line 1: not valid YAML (could not determine a constructor for the tag",
        ),
        ("user: !s3!cret x", "line 1: not valid YAML (found undefined tag);"),
        ("a: &s3cret b\nuser: &s3cret c", "line 2: not valid YAML (second occurrence);"),
        ("user: !!int s3cret", "line 1: not valid YAML (could not determine a constructor for the"),
        ("user: 's3cret", "line 1: not valid YAML (found unexpected end of stream);"),
        ("user: s3cret\x01", "not valid YAML (unprintable characters);"),
        ("user: a\n---\nuser: s3cret", "line 2: not valid YAML (but found another document);"),
        ("user: %{ s3cret }", "line 1: not valid YAML (found character '%'"),
    ],
)
def test_broken_yaml_is_refused_by_line_and_not_quoted(text: str, told: str) -> None:
    message = refusal(text)
    assert message.startswith(told)
    assert message.endswith(
        "; check the indentation, and put values with special characters in quotes"
    )
    assert "s3" not in message


def test_file_may_have_a_byte_order_mark_and_any_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An environment holds what the locale can spell.
    name = "jürgen" if sys.getfilesystemencoding() == "utf-8" else "juergen"
    monkeypatch.setenv("NAME", name)
    path = tmp_path / "writer.yaml"
    path.write_text("user: %{NAME} 😀", encoding="utf-8-sig")
    assert read_writer_section(path, known=["user"]) == {"user": f"{name} 😀"}


def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "writer.yaml"
    with pytest.raises(ConfigError, match=r"^cannot be read: No such file or directory; check the"):
        read_writer_section(path, known=[])
    path.write_bytes(b"user: \xff")
    with pytest.raises(
        ConfigError, match=r"^cannot be read: invalid start byte; save it as UTF-8$"
    ):
        read_writer_section(path, known=[])


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(24)
)
PARAMETERS = ["timeout", "tenant_id", "datasource_url", "spool_dir", "concurrency", "verify_tls"]
PARAMETERS += ["metric_format", "tls_cert_file", "user", "password", "colour", "compression"]


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_bomb_of_aliases_is_refused_at_once_in_few_words(tmp_path: Path, parameter: str) -> None:
    path = tmp_path / "config.yaml"
    url = "" if parameter == "datasource_url" else "datasource_url: http://h, "
    path.write_text(f"{ALIASES}writer: {{{url}{parameter}: *y}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(str(caught.value)) < 1000


def test_a_bomb_of_merges_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    lines = ["a: &a {k: v}"]
    lines += [
        f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [{', '.join([f'*{chr(97 + i)}'] * 9)}]}}"
        for i in range(12)
    ]
    path.write_text("\n".join([*lines, "writer: {datasource_url: http://h, <<: *m}"]))
    # PyYAML itself merges a key once since 6.0.3.
    message = r"line \d+: more than 10,000 lines are merged into one|k: not a writer parameter"
    with pytest.raises(ConfigError, match=message):
        load_config(path)


@pytest.mark.parametrize("text", ["writer: " + "[" * 3000, "writer: " + "{a: " * 3000, "- " * 3000])
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="nested too deeply; check brackets and indentation"):
        parse_writer_section(text, env={}, known=[])


def test_a_file_that_is_no_configuration_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"#" * (2**20 + 1))
    for each in (path, Path("/dev/zero")):
        with pytest.raises(ConfigError, match="has more than 1,048,576 bytes; check the path"):
            load_config(each)
