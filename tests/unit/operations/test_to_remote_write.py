from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.support.write_request import parse_request
from vm_df_writer import ConfigError, to_remote_write
from vm_df_writer.wire.compression import decompress_snappy

MIB = 2**20


def wide_frame(n_rows: int, n_columns: int) -> pd.DataFrame:
    values = np.random.default_rng(0).standard_normal((n_rows, n_columns))
    index = pd.date_range("2026-01-01", periods=n_rows, freq="1min", tz="UTC")
    return pd.DataFrame(values, index=index, columns=[f"y{i}" for i in range(n_columns)])


def test_bodies_are_whole_requests_of_a_mebibyte() -> None:
    frame = wide_frame(30_000, 10)
    bodies = list(to_remote_write(frame, query_key="cpu"))
    assert all(0.8 * MIB < len(body) <= MIB for body in bodies[:-1])
    stored: dict[str, list[float]] = {}
    for body in bodies:
        for labels, samples in parse_request(body).items():
            assert ("for", "cpu") in labels
            stored.setdefault(dict(labels)["__name__"], []).extend(v for _, v in samples)
    assert stored == {name: frame[name].tolist() for name in frame}


@pytest.mark.parametrize("compression", ["stored", "snappy"])
def test_a_body_can_be_a_snappy_block(compression: str) -> None:
    frame = wide_frame(10, 1)
    [plain] = to_remote_write(frame, query_key="cpu")
    [body] = to_remote_write(frame, query_key="cpu", compression=compression)
    assert decompress_snappy(body, most_bytes=2**20) == plain


def test_an_empty_frame_has_no_bodies() -> None:
    assert list(to_remote_write(wide_frame(0, 2))) == []


@pytest.mark.parametrize("compression", ["gzip", "snapy", ""])
def test_what_no_server_takes_is_refused_before_the_first_body(compression: str) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"^compression: remote write has no '{compression}'; use one of none, stored",
    ):
        to_remote_write(wide_frame(1, 1), compression=compression)
