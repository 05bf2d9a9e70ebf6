from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.config.yaml_file import parse_writer_section

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)
TRICKY = st.text(st.sampled_from("\"'\\:#%{}[],&*!|>-?@`~ \t\r\n\0\ue000\ue001x1")) | st.text()
STYLES = st.sampled_from(["{}", '"{}"', "'{}'", "|-\n    {}", ">-\n    {}", "{}  # %{{UNSET}}"])
AROUND = st.from_regex(r"[A-Za-z0-9./_-]*", fullmatch=True)


@given(NAMES, TRICKY, STYLES, AROUND, AROUND)
def test_any_value_arrives_exactly_in_any_style(
    name: str, value: str, style: str, before: str, after: str
) -> None:
    scalar = style.format(f"x{before}%{{{name}}}{after}")
    parsed = parse_writer_section(f"writer:\n  user: {scalar}\n", env={name: value}, known=[])
    assert parsed == {"user": f"x{before}{value}{after}"}


@given(st.dictionaries(NAMES, TRICKY, min_size=1))
def test_variables_never_mix(env: dict[str, str]) -> None:
    lines = "".join(f"  '{name}': %{{{name}}}\n" for name in env)
    assert parse_writer_section(f"writer:\n{lines}", env=env, known=[]) == env
