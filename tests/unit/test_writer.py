"""What a writer refuses before it asks a server."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from vm_df_writer import ConfigError, VmWriter

INDEX = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
FRAME = pd.DataFrame({"y": [1.0, 2.0]}, index=INDEX)
NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_misspelt_verify_of_a_write_is_refused_before_anything_is_sent(dry_run: bool) -> None:
    misspelt: Any = "repiar"
    with pytest.raises(
        ConfigError, match=r"^verify: expected a bool, 'count' or 'repair', got 'repiar'$"
    ):
        VmWriter(NOBODY).write(FRAME, query_key="cpu", verify=misspelt, dry_run=dry_run)


def test_a_misspelt_verify_is_refused_before_the_frame_is_read_or_the_server_asked() -> None:
    class Unreadable:
        def __getattribute__(self, name: str) -> object:
            raise AssertionError(f"the frame is looked at: {name}")

    unreadable: Any = Unreadable()
    misspelt: Any = "cuont"
    with pytest.raises(ConfigError, match=r"^verify: ") as caught:
        VmWriter("http://10.255.255.1").write(unreadable, verify=misspelt)
    assert caught.value.keyword == "verify"


def test_a_config_that_is_no_writer_config_is_refused() -> None:
    mapping: Any = {"datasource_url": NOBODY}
    with pytest.raises(
        ConfigError,
        match=r"^config: expected a WriterConfig, got dict; make one with WriterConfig\(",
    ):
        VmWriter(config=mapping)
