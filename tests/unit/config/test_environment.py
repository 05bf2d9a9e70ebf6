from __future__ import annotations

from pathlib import Path

import pytest

from vm_df_writer.cli import main
from vm_df_writer.config.environment import (
    environment_name,
    from_environment,
    read_secret_file,
    secrets_by_file,
)
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError
from vm_df_writer.warning_classes import EnvironmentWarning

URL = {"VM_DF_WRITER_DATASOURCE_URL": "http://localhost:8428"}


def test_every_parameter_has_a_variable_of_its_own() -> None:
    names = {environment_name(name) for name in [*WriterConfig.model_fields, *secrets_by_file()]}
    assert len(names) == len(WriterConfig.model_fields) + len(secrets_by_file())
    assert "VM_DF_WRITER_CLASS" in names


def test_variables_are_a_whole_configuration() -> None:
    found = from_environment(
        URL
        | {
            "VM_DF_WRITER_CONCURRENCY": "3",
            "VM_DF_WRITER_VERIFY_TLS": "false",
            "VM_DF_WRITER_METRIC_FORMAT": '{"__name__": "vm_$VAR", "port": 0800}',
            "VM_DF_WRITER_STORAGE_URLS": "http://s1:8482, http://s2:8482",
            "VM_DF_WRITER_USER": "me",
            "VM_DF_WRITER_PASSWORD": "hush",
            "VM_DF_WRITER_TENANT_ID": "",
        }
    )
    config = WriterConfig(**found)
    assert (config.concurrency, config.verify_tls, config.tenant_id) == (3, False, None)
    assert config.metric_format == {"__name__": "vm_$VAR", "port": "0800"}
    assert config.storage_urls == ("http://s1:8482", "http://s2:8482")
    assert config.password is not None
    assert config.password.get_secret_value() == "hush"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("VM_DF_WRITER_TIMEOT", "VM_DF_WRITER_TIMEOUT"),
        ("VM_DF_WRITER_URL", "VM_DF_WRITER_DATASOURCE_URL"),
        ("VM_DF_WRITER_HEADER", "VM_DF_WRITER_HEADERS"),
        ("VM_DF_WRITER_PASSWORD_FIEL", "VM_DF_WRITER_PASSWORD_FILE"),
        ("VM_DF_WRITER_AUTH", None),
    ],
)
def test_a_variable_that_is_none_is_told(variable: str, meant: str | None) -> None:
    message = f"{variable}: no parameter has this environment variable, which is passed over"
    with pytest.warns(EnvironmentWarning) as told:
        assert from_environment({variable: "1"}) == {}
    remedy = "" if meant is None else f"; did you mean {meant!r}?"
    assert str(told[0].message).startswith(message)
    assert meant is None or str(told[0].message) == message + remedy


def test_variables_of_the_command_line_are_not_told() -> None:
    own = [f"{command}_X".upper() for command in main.lazy_commands] + ["CONFIG", "LOG_FORMAT"]
    assert from_environment({f"VM_DF_WRITER_{name}": "1" for name in own}) == {}


def test_a_secret_may_stand_in_a_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("hush\n")
    assert from_environment({"VM_DF_WRITER_PASSWORD_FILE": str(path)}) == {"password": "hush"}
    both = {"VM_DF_WRITER_PASSWORD_FILE": str(path), "VM_DF_WRITER_PASSWORD": "other"}
    message = "VM_DF_WRITER_PASSWORD_FILE: VM_DF_WRITER_PASSWORD is set too; keep one of the two"
    with pytest.raises(ConfigError, match=message):
        from_environment(both)


@pytest.mark.parametrize("text", ["", "\n", "hush\nhush\n"])
def test_a_file_without_exactly_one_line_is_no_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "password"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"^--password-file: expected one line in .*password'"):
        read_secret_file(path, "--password-file")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--password-file: cannot read the file '.*gone': No"):
        read_secret_file(tmp_path / "gone", "--password-file")


@pytest.mark.parametrize("text", ["__name__=vm_$VAR", "{a: ", "[a]", "{a: %{HOME}}"])
def test_what_is_no_mapping_is_refused_and_not_quoted(text: str) -> None:
    message = (
        r"^VM_DF_WRITER_METRIC_FORMAT: expected a mapping in one line, such as \{name: value}$"
    )
    with pytest.raises(ConfigError, match=message):
        from_environment({"VM_DF_WRITER_METRIC_FORMAT": text})
