"""Servers on which samples are not replaced, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from vm_df_writer import ReplaceError, VmWriter

FRAME = pd.DataFrame({"y": [1.0]}, pd.date_range("2026-01-01", periods=1, tz="UTC"))


def metrics(version: str, *flags: str) -> str:
    lines = [f'vm_app_version{{version="{version}", short_version="{version[-7:]}"}} 1']
    return "\n".join([*lines, *(f'flag{{name="{f}", value="x", is_set="true"}} 1' for f in flags)])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (metrics("vmagent-1-tags-v1.150.0", "a"), "it is a vmagent, which hands samples on later"),
        (metrics("vmauth-1-tags-v1.150.0", "a"), "it is a vmauth, which does not tell what is"),
        (metrics("vminsert-1-tags-v1.150.0", "a"), "it is a cluster, on which it was not tried"),
        ("", r"it does not tell \(/metrics\) what it is"),
        (
            metrics("victoria-metrics-1-tags-v1.78.0", "a"),
            "the server is of version v1.78.0, on which it was not tried; use a server of v1.79",
        ),
        (
            metrics("victoria-metrics-1-tags-v1.150.0", "relabelConfig"),
            "the server runs with -relabelConfig=x, so that what is exported would not be stored",
        ),
    ],
)
def test_it_is_refused_with_the_reason(
    httpserver: HTTPServer, tmp_path: Path, text: str, reason: str
) -> None:
    httpserver.expect_request("/metrics").respond_with_data(text)
    match = f"^if_exists: 'replace' is refused: .*{reason}"
    with (
        VmWriter(httpserver.url_for(""), spool_dir=str(tmp_path)) as writer,
        pytest.raises(ReplaceError, match=match),
    ):
        writer.write(FRAME, if_exists="replace")
    asked = {request.path for request, _ in httpserver.log}
    assert not {path for path in asked if "delete" in path or "import" in path}
