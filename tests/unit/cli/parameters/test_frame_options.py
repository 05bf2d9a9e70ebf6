from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
import pytest

from tests.support.command_line import FORMAT, command_named, run
from tests.support.http_servers import NOBODY
from vm_df_writer.cli.option_names import option_name
from vm_df_writer.config.read_options import ReadOptions


@pytest.mark.parametrize("command", ["write", "preview"])
def test_every_reading_keyword_is_an_option_with_its_own_help(command: str) -> None:
    options = {option.name: option for option in command_named(command).params}
    for field in fields(ReadOptions):
        option = options[field.name]
        assert isinstance(option, click.Option)
        assert option.opts == [option_name(field.name)]
        assert option.help is not None
        assert option.help.lower().startswith(field.metadata["help"].lower())


def test_defaults_of_the_options_are_those_of_reading(scores: Path) -> None:
    plain = run("preview", scores, *FORMAT).output
    defaults = [
        argument
        for field in fields(ReadOptions)
        if isinstance(field.default, str)
        for argument in (option_name(field.name), field.default)
    ]
    assert run("preview", scores, *FORMAT, *defaults).output == plain


def test_options_reach_the_reading(scores: Path) -> None:
    shown = run(
        *("preview", scores, *FORMAT, "--label", "job=node", "--label", "env=a=b"),
        *("--label-columns", "host", "--value-columns", "y", "--provide-series", "y"),
    ).output
    assert '{"__name__":"vm_y","host":"007","job":"node","env":"a=b"}' in shown
    assert "yhat" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Error: --url: missing; name the server, such as --url http://localhost:8428, in"),
        (("--url", "localhost:8428"), "Error: --url: expected a URL such as"),
        (
            ("--url", NOBODY, "--metric-format", "__name__=score"),
            "Error: --metric-format: no value holds $VAR",
        ),
        (("--url", NOBODY, "--metric-format", "score"), "expected NAME=VALUE, got 'score'"),
        (("--url", NOBODY, "--label", "a=1", "--label", "a=2"), "'a' is given twice; keep one"),
        (
            (
                "--url",
                NOBODY,
                "--metric-format",
                "__name__=$VAR",
                "--metric-format",
                "q=$QUERY_KEY",
            ),
            "and the frame holds no query key; pass --query-key",
        ),
    ],
)
def test_wrong_options_exit_with_2(scores: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run("write", scores, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_config_file_takes_the_place_of_url_and_format(scores: Path, tmp_path: Path) -> None:
    config = tmp_path / "vmanomaly.yaml"
    config.write_text(
        f"writer:\n  datasource_url: {NOBODY}\n  metric_format: {{__name__: from_file_$VAR}}\n"
    )
    assert '"__name__":"from_file_y"' in run("preview", scores, "--config", config).stdout
    for option, value in (("--url", NOBODY), FORMAT):
        result = run("write", scores, "--config", config, option, value)
        assert result.exit_code == 2
        assert result.stderr == f"Error: {option}: --config is given too; keep one of the two\n"


def test_an_empty_name_alone_says_that_there_are_no_labels() -> None:
    stdin = "time,note,y\n2026-01-01,,1\n2026-01-02,cleaned,2\n2026-01-03,,3\n"
    refused = run("preview", "-", "--metric-format", "__name__=$VAR", stdin=stdin)
    remedy = "leave it out with --label-columns '' --value-columns y, or make it a label with "
    assert remedy in refused.stderr
    options = ["--label-columns", "", "--value-columns", "y"]
    result = run("preview", "-", "--metric-format", "__name__=$VAR", *options, stdin=stdin)
    assert "time=time (UTC), values=[y], left out=[note]" in result.stdout
