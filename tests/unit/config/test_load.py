from __future__ import annotations

import pytest

from vm_df_writer import ConfigError, VmWriter
from vm_df_writer.config.environment import environment_name
from vm_df_writer.config.load import config_from_env
from vm_df_writer.config.writer_config import WriterConfig


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WriterConfig.model_fields:
        monkeypatch.delenv(environment_name(name), raising=False)


def test_a_writer_opens_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VM_DF_WRITER_DATASOURCE_URL", "http://h:8428/vmui")
    monkeypatch.setenv("VM_DF_WRITER_TIMEOUT", "9s")
    config = WriterConfig(datasource_url="http://h:8428", timeout="9s")
    assert VmWriter.from_env().config == config


def test_an_environment_without_a_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VM_DF_WRITER_TIMEOUT", "9s")
    with pytest.raises(ConfigError, match=r"^datasource_url: the environment has no VM_DF_WRITER_"):
        config_from_env()
