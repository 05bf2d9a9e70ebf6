from __future__ import annotations

from pathlib import Path

import click
import pytest
from pydantic import SecretStr

from tests.support.command_line import command_named, run
from tests.support.http_servers import NOBODY
from vm_df_writer.cli.parameters.server_options import server_option_name, server_options
from vm_df_writer.config.environment import field_kind
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError

OPTIONLESS = {"class_", "metric_prefix_cache_max_entries", "auth"}


def config_of(*arguments: str, default_url: str | None = None) -> WriterConfig:
    """Return the configuration that options describe."""
    opened: list[WriterConfig] = []

    @click.command
    @server_options("server", "series", "delivery", default_url=default_url)
    def command(config: WriterConfig) -> None:
        opened.append(config)

    command.main(list(arguments), standalone_mode=False)
    return opened[0]


@pytest.mark.parametrize("command", ["write", "backfill"])
def test_every_parameter_is_an_option_and_no_secret_is_one(command: str) -> None:
    options = {name: option for option in command_named(command).params for name in option.opts}
    for field in WriterConfig.model_fields.keys() - OPTIONLESS:
        is_secret = field_kind(field) is SecretStr
        assert (server_option_name(field) in options) is not is_secret
        if is_secret:
            assert server_option_name(f"{field}_file") in options


def test_options_reach_the_configuration(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hush\n")
    config = config_of(
        *("--url", NOBODY, "--user", "me", "--password-file", str(password)),
        *("--timeout", "9s", "--concurrency", "3", "--tenant-id", "7:1", "--verify-tls", "false"),
        *("--storage-url", "http://s1:8482", "--storage-url", "http://s2:8482"),
        *("--metric-format", "__name__=vm_$VAR", "--metric-format", "for=$QUERY_KEY"),
        *("--compression", "gzip", "--spool-dir", str(tmp_path)),
    )
    assert config.password is not None
    assert config == WriterConfig(
        datasource_url=NOBODY,
        user="me",
        password="hush",
        timeout="9s",
        concurrency=3,
        tenant_id="7:1",
        verify_tls=False,
        storage_urls=("http://s1:8482", "http://s2:8482"),
        metric_format={"__name__": "vm_$VAR", "for": "$QUERY_KEY"},
        compression="gzip",
        spool_dir=str(tmp_path),
    )


def test_what_is_not_given_is_not_set() -> None:
    assert config_of("--url", NOBODY).model_fields_set == {"datasource_url"}


def test_an_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VM_DF_WRITER_DATASOURCE_URL", NOBODY)
    monkeypatch.setenv("VM_DF_WRITER_TIMEOUT", "7s")
    monkeypatch.setenv("VM_DF_WRITER_CONCURRENCY", "4")
    config = config_of("--timeout", "8s")
    assert (config.datasource_url, config.timeout, config.concurrency) == (NOBODY, "8s", 4)


def test_a_file_takes_the_place_of_the_environment_and_options_replace_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "writer.yaml"
    path.write_text(f"datasource_url: {NOBODY}\ntimeout: 7s\nuser: me\npassword: hush\n")
    monkeypatch.setenv("VM_DF_WRITER_CONCURRENCY", "4")
    config = config_of("--config", str(path), "--timeout", "8s")
    assert (config.timeout, config.user, config.concurrency) == ("8s", "me", 2)
    assert config.password is not None
    assert config.password.get_secret_value() == "hush"
    for option in ("--url", "--query-url", "--storage-url", "--health-path"):
        with pytest.raises(ConfigError, match=f"^{option}: --config is given too; keep one"):
            config_of("--config", str(path), option, "http://elsewhere:8428")


def test_a_file_that_the_environment_names_gives_way_to_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "writer.yaml"
    path.write_text("datasource_url: http://elsewhere:8428\nuser: me\n")
    monkeypatch.setenv("VM_DF_WRITER_CONFIG", str(path))
    assert config_of().user == "me"
    assert config_of("--url", NOBODY) == WriterConfig(datasource_url=NOBODY)


def test_messages_name_what_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^--timeout: expected a duration"):
        config_of("--url", NOBODY, "--timeout", "soon")
    monkeypatch.setenv("VM_DF_WRITER_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match=r"^VM_DF_WRITER_TIMEOUT: expected a duration"):
        config_of("--url", NOBODY)


def test_a_password_on_the_command_line_is_refused() -> None:
    result = run("check", "--url", NOBODY, "--password", "hush")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert "--password-file" in result.stderr


def test_help_says_what_an_option_is_called() -> None:
    text = " ".join(run("write", "--help").stdout.split())
    assert "Path of the private key of --tls-cert-file;" in text
    assert "Not a parameter of vmanomaly" not in text
    assert "`" not in text
