from __future__ import annotations

from typing import Any

import pytest
from requests.auth import AuthBase

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError


def config(**parameters: Any) -> WriterConfig:
    return WriterConfig(datasource_url="http://localhost:8428", **parameters)


def refusal(**parameters: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        config(**parameters)
    return str(caught.value)


def test_remote_write_has_smaller_bodies_unless_they_are_set() -> None:
    assert config().batch_max_bytes == 4 * 2**20
    assert config(protocol="remote_write").batch_max_bytes == 2**20
    assert config(protocol="remote_write", batch_max_bytes=2**22).batch_max_bytes == 2**22


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"protocol": "otlp"}, "protocol: expected 'import' or 'remote_write', got 'otlp'"),
        (
            {"compression": "snappy"},
            "compression: protocol import has no snappy; set it to auto, or change protocol",
        ),
        (
            {"protocol": "remote_write", "compression": "gzip"},
            "compression: protocol remote_write has no gzip; set it to auto, or change protocol",
        ),
        (
            {"remote_write_path": "/api/v1/push"},
            "remote_write_path: protocol import has no use for it; set import_json_path",
        ),
        (
            {"protocol": "remote_write", "import_json_path": "/x"},
            "import_json_path: protocol remote_write has no use for it; set remote_write_path",
        ),
        (
            {"headers": {"Content-Type": "x"}},
            "headers: 'Content-Type' is set by the writer itself; leave it out",
        ),
        (
            {"headers": {"authorization": "x"}},
            "headers: 'authorization' is made of user and password, or of bearer_token; set these",
        ),
        (
            {"auth": print, "user": "me"},
            "auth: user or a bearer token is set too; keep one of the two",
        ),
        (
            {"auth": ("me", "hush")},
            (
                "auth: expected what is called with a request, such as a requests.auth.AuthBase, "
                "got tuple; for a name and a password set user and password"
            ),
        ),
        (
            {"auth": AuthBase},
            (
                "auth: expected what is called with a request, such as a requests.auth.AuthBase, "
                "got the class AuthBase; for a name and a password set user and password"
            ),
        ),
        ({"headers": {"a b": "x"}}, "headers: expected names of headers, got 'a b'"),
        (
            {"headers": {"X-Key": "x\n"}},
            (
                "headers: 'X-Key': expected printable ASCII characters without blanks around them; "
                "look for a line break at the end"
            ),
        ),
    ],
)
def test_what_a_protocol_has_no_use_for_is_refused(
    parameters: dict[str, object], message: str
) -> None:
    assert refusal(**parameters) == message


def test_authentication_of_ones_own_is_in_no_dump_and_no_schema() -> None:
    own = config(auth=print)
    assert own.auth is print
    assert "auth" not in own.model_dump() | WriterConfig.model_json_schema()["properties"]
    assert "print" not in repr(own)


def test_what_is_shown_is_what_is_not_the_default() -> None:
    own = config(timeout="9s", password="hush", user="me", headers={}, concurrency=2)
    shown = (
        "WriterConfig(datasource_url='http://localhost:8428', "
        "password=SecretStr('**********'), timeout='9s')"
    )
    assert repr(own) == str(own) == shown


def test_headers_are_shown_nowhere() -> None:
    secret = config(headers={"X-Scope-OrgID": "team-a", "X-Key": "secret"})
    assert "secret" not in repr(secret) + str(secret)
    assert secret.headers["X-Key"].get_secret_value() == "secret"
