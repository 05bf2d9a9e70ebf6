"""What is refused or half made shows no secret, in no traceback with local variables either."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.http_servers import base
from tests.support.tracebacks import texts_of
from tests.support.writers import frame_of
from vm_df_writer import ConfigError, ServerRejected, VmWriter, WriterConfig
from vm_df_writer.transport.client import HttpClient

PASSWORD = "pass+w0rd/hush"
TOKEN = "t0ken.hush"
FRAME = frame_of(200, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenant": "5:7"},
        {"tenant_id": "x"},
        {"bearer_token": f"{TOKEN}\n", "user": None, "password": None},
        {"bearer_token": TOKEN},
        {"query_url": f"http://me:{PASSWORD}@localhost"},
        {"datasource_url": f"http://me:{TOKEN}@localhost"},
        {"datasource_url": f"ftp://localhost/{TOKEN}@"},
        {"health_path": f"http://localhost:port/?authKey={TOKEN}"},
    ],
)
def test_a_refused_configuration_tells_no_secret(wrong: dict[str, Any]) -> None:
    parameters = {"datasource_url": "http://localhost", "user": "me", "password": PASSWORD}
    with pytest.raises(ConfigError) as caught:
        WriterConfig(**parameters | wrong)
    assert not [text for text in texts_of(caught.value) if "hush" in text]


JWT = "eyJhbGciOiJIUzI1NiJ9.hush"
PEM = "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "wrong",
    [
        {"bearer_token_file": JWT},
        {"bearer_token_file": f"/{JWT}"},
        {"bearer_token_file": f"{JWT}\0"},
        {"tls_cert_file": PEM},
        {"tls_cert_file": "/etc/hostname", "tls_key_file": PEM},
        {"verify_tls": JWT},
        {"tenant_id": JWT},
        {"datasource_url": "http://me:12/34hush@localhost"},
        {"datasource_url": "http://me:12/34hush@localhost@elsewhere"},
        {"query_url": "http://me:12/34hush@localhost"},
        {"grafana_url": "http://me:12/34hush@localhost"},
        {"health_path": "http://me:12/34hush@localhost/health"},
        {"user": "me", "password": PASSWORD, "bearer_token": JWT},
        {"password": PASSWORD, "colour": PASSWORD},
        {"reset_cache_auth_key": [PASSWORD]},
    ],
    ids=str,
)
def test_no_argument_of_a_writer_that_is_refused_is_shown_by_a_traceback(
    wrong: dict[str, Any], tmp_path: Path
) -> None:
    parameters = {"datasource_url": "http://localhost"} | wrong
    others = [each for name, each in parameters.items() if name != "datasource_url"]
    path = tmp_path / "config.yaml"
    path.write_text("writer: " + json.dumps(parameters))
    for refused in (
        lambda: VmWriter(**parameters),
        lambda: VmWriter(config=WriterConfig(datasource_url="http://h"), **parameters),
        lambda: VmWriter(None, colour=others),  # type: ignore[call-arg]
        lambda: VmWriter.from_yaml(path),
    ):
        with pytest.raises(ConfigError) as caught:
            refused()  # type: ignore[no-untyped-call]
        assert not [text for text in texts_of(caught.value) if "hush" in text]


@pytest.mark.parametrize(
    "text",
    [
        "writer: {password: hush, user: %{UNSET}}",
        "writer: {password: hush, user: [}",
        "writer: {password: hush, password: hush}",
        "writer: {password: " + "[" * 3000,
        "reader: {password: hush}",
        "writer: !!hush",
    ],
)
def test_no_text_of_a_file_or_of_the_environment_is_shown_by_a_traceback(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER", "hush")
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        VmWriter.from_yaml(path)
    assert not [text for text in texts_of(caught.value) if "hush" in text]


def test_the_query_of_a_path_is_sent_and_shown_nowhere(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(request: Request) -> Response:
        return Response(f"unsupported path requested: {request.full_path!r}", status=400)

    httpserver.expect_request("/health").respond_with_handler(refuse)
    httpserver.expect_request("/api/v1/import").respond_with_handler(refuse)
    config = WriterConfig(
        datasource_url=base(httpserver),
        health_path="/health?authKey=hush",
        import_json_path="/api/v1/import?authKey=hush",
        metric_format={"__name__": "$VAR"},
    )
    writer = VmWriter(config=config)
    shown = [repr(config), str(config), repr(writer), repr(writer.backend)]
    for action in (writer.check, lambda: writer.write(FRAME)):
        with pytest.raises(ServerRejected) as caught:
            action()
        shown += texts_of(caught.value)
    shown += [record.getMessage() for record in caplog.records if record.name.startswith("vm_df")]
    assert not [text for text in shown if "hush" in text]
    asked = [
        request.query_string for request, _ in httpserver.log if b"hush" in request.query_string
    ]
    assert len(asked) >= 2


@pytest.mark.parametrize("kind", [VmWriter, WriterConfig, HttpClient])
def test_what_is_half_made_can_be_shown(kind: type[object]) -> None:
    half_made = object.__new__(kind)
    assert kind.__name__ in f"{half_made!r}"
    str(half_made)
