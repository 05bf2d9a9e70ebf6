from __future__ import annotations

from vm_df_writer.config.explanation import explain

KNOWN = ["datasource_url", "timeout"]


def test_an_unknown_parameter_is_told_with_the_nearest() -> None:
    detail = {"loc": ("time_out",), "type": "extra_forbidden", "input": "secret"}
    assert explain(detail, KNOWN) == ("time_out: not a writer parameter; did you mean 'timeout'?")


def test_a_missing_parameter_is_told_with_an_example() -> None:
    detail = {"loc": ("datasource_url",), "type": "missing", "input": {}}
    assert explain(detail, KNOWN) == (
        "datasource_url: missing; set it, for example to http://localhost:8428"
    )


def test_a_reason_of_ours_is_told_as_it_is() -> None:
    detail = {"loc": (), "type": "value_error", "ctx": {"error": ValueError("no user")}, "input": 1}
    assert explain(detail, KNOWN) == "no user"
    assert explain({**detail, "loc": ("a", 0)}, KNOWN) == "a.0: no user"


def test_what_was_found_is_told_unless_it_may_be_a_secret() -> None:
    number = {"loc": ("n",), "type": "int_type", "msg": "Input should be a number", "input": [5]}
    assert explain(number, KNOWN) == "n: expected a number, got [5]"
    text = {"loc": ("p",), "type": "string_type", "msg": "Input should be text", "input": b"secret"}
    assert explain(text, KNOWN) == "p: expected text"
