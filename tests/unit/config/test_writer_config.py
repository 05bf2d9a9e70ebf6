from __future__ import annotations

import pickle
import re
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from vm_df_writer.config.load import load_config
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError

URL = "http://localhost:8428"


def config(**parameters: Any) -> WriterConfig:
    return WriterConfig(**{"datasource_url": URL, **parameters})


def refusal(**parameters: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        config(**parameters)
    return str(caught.value)


def test_only_the_url_is_required() -> None:
    bare = config()
    assert bare.metric_format == {"__name__": "$VAR", "for": "$QUERY_KEY"}
    assert (bare.class_, bare.import_json_path, bare.health_path) == (
        "vm",
        "/api/v1/import",
        "/health",
    )
    assert (bare.timeout_s, bare.retry_deadline_s) == (5.0, 120.0)
    assert (bare.verify_tls, bare.connection_retry_attempts, bare.concurrency) == (True, 1, 2)
    with pytest.raises(ConfigError, match=r"^datasource_url: missing; set it, for example to http"):
        WriterConfig()  # type: ignore[call-arg]


def test_every_parameter_of_vmanomaly_is_taken(tmp_path: Path) -> None:
    pem = tmp_path / "client.pem"
    pem.touch()
    full = config(
        **{"class": "writer.vm.VmWriter"},
        tenant_id="0:0",
        metric_format={"__name__": "$VAR", "run": "r"},
        import_json_path="/api/v1/import",
        health_path="health",
        user="foo",
        password="bar",
        timeout="500ms",
        verify_tls=pem,
        tls_cert_file=str(pem),
        tls_key_file=pem,
        connection_retry_attempts=2,
        batch_max_series=10,
        batch_max_bytes=65536,
        metric_prefix_cache_max_entries=0,
    )
    assert full.class_ == "writer.vm.VmWriter"
    assert full.password is not None
    assert full.password.get_secret_value() == "bar"
    assert (full.verify_tls, full.tls_key_file, full.timeout_s) == (str(pem), str(pem), 0.5)
    assert config(bearer_token="t").bearer_token is not None
    assert config(bearer_token_file=pem).bearer_token_file == str(pem)


def test_unknown_parameter_is_refused_with_the_nearest_one() -> None:
    assert refusal(tenant="0:0") == "tenant: not a writer parameter; did you mean 'tenant_id'?"
    assert refusal(clas="vm") == "clas: not a writer parameter; did you mean 'class'?"
    assert refusal(zzz=1) == "zzz: not a writer parameter"


def test_all_mistakes_are_told_at_once() -> None:
    assert refusal(timeout="x", concurrency=65, compression="lz4").splitlines() == [
        "timeout: expected a duration above zero such as 5s, 500ms or 1m30s, got 'x'",
        "concurrency: expected less than or equal to 64, got 65",
        "compression: expected 'auto', 'gzip', 'snappy', 'zstd' or 'none', got 'lz4'",
    ]


@pytest.mark.parametrize("other", ["noop", "writer.noop.NoopWriter", "VM", ""])
def test_other_kinds_of_writer_are_refused(other: str) -> None:
    message = f"class: expected 'vm' or 'writer.vm.VmWriter', got {other!r}"
    assert refusal(**{"class": other}) == message


@pytest.mark.parametrize(
    ("credentials", "user", "password"),
    [
        ("me:secret", "me", "secret"),
        ("me", "me", None),
        ("me:", "me", ""),
        ("m%40e:p%3Aw%2F%C3%A9", "m@e", "p:w/é"),
        ("me:p@ss", "me", "p@ss"),
    ],
)
def test_credentials_in_the_url_move_into_user_and_password(
    credentials: str, user: str, password: str | None
) -> None:
    moved = config(datasource_url=f"https://{credentials}@h:8427/x")
    assert (moved.datasource_url, moved.user) == ("https://h:8427/x", user)
    assert moved.password == (None if password is None else SecretStr(password))


@pytest.mark.parametrize("given", [{"user": "me"}, {"password": "x"}])
def test_credentials_in_the_url_and_beside_it_are_refused(given: dict[str, str]) -> None:
    assert refusal(datasource_url="http://me:x@h", **given) == (
        "datasource_url: holds credentials, and user or password is set too; keep one of the two"
    )


def test_contradictions_are_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch()
    both = "user: basic authentication and a bearer token exclude each other; keep one of the two"
    assert refusal(user="me", bearer_token="t") == both
    assert refusal(user="me", bearer_token_file=token) == both
    assert refusal(datasource_url="http://me:x@h", bearer_token="t") == both
    assert refusal(password="x") == "password: there is no user that it belongs to; set user too"
    assert refusal(bearer_token="t", bearer_token_file=token) == (
        "bearer_token: bearer_token_file is set too; keep one of the two"
    )
    assert refusal(tls_key_file=token) == (
        "tls_key_file: there is no certificate to the key; set tls_cert_file"
    )
    assert config(tls_cert_file=token).tls_key_file is None
    assert config(user="me").password is None


@pytest.mark.parametrize(
    ("name", "low"),
    [("batch_max_bytes", 65535), ("batch_max_series", 0), ("concurrency", 0), ("max_labels", 0),
     ("connection_retry_attempts", -1), ("metric_prefix_cache_max_entries", -1)],
)  # fmt: skip
def test_sizes_have_a_least_value(name: str, low: int) -> None:
    assert (
        refusal(**{name: low}) == f"{name}: expected greater than or equal to {low + 1}, got {low}"
    )
    assert getattr(config(**{name: str(low + 1)}), name) == low + 1


def test_config_shows_no_secret() -> None:
    basic = config(datasource_url="http://me:s3cret@h", query_url="http://select")
    bearer = config(bearer_token="s3cret")
    for one in (basic, bearer, pickle.loads(pickle.dumps(basic))):  # noqa: S301 - our own bytes
        shown = f"{one!r} {one} {one.model_dump()} {one.model_dump_json()}"
        assert "s3cret" not in shown
        assert "**********" in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"passwrod": "s3cret"},
        {"password": ["s3cret"]},
        {"password": "s3cret"},
        {"password": "s3cret", "user": "me", "bearer_token": "s3cret"},
        {"bearer_token": b"s3cret\xff"},
        {"bearer_token": "s3cret\r"},
        {"user": "me:s3cret"},
        {"datasource_url": "http://me:s3cret@"},
        {"datasource_url": "htp://me:s3cret@h"},
        {"datasource_url": "http://me:x/s3cret@h"},
        {"datasource_url": "http://me:s3cret@h:port"},
        {"datasource_url": "http://me:s3cret@h", "user": "me"},
        {"datasource_url": "http://me:s3cret@h", "concurrency": "x"},
        {"datasource_url": b"http://me:s3cret@h"},
        {"query_url": b"http://me:s3cret@h"},
        {"grafana_url": "http://h:x/?token=s3cret"},
        {"health_path": "http://me:s3cret@h:x"},
        {"import_json_path": "http://me:s3cret@h"},
    ],
)
def test_refusal_shows_no_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        config(**wrong)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(ValidationError) as rejected:
        WriterConfig.model_validate({"datasource_url": URL, **wrong})
    assert "s3cret" not in str(rejected.value)


def test_config_is_frozen_and_survives_pickling() -> None:
    made = config(datasource_url="http://me:secret@h", timeout="1m")
    with pytest.raises(ValidationError, match="frozen"):
        setattr(made, "timeout", "2m")  # noqa: B010 - not for a type checker
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    assert copy == made
    assert copy.password.get_secret_value() == "secret"


def test_schema_describes_every_parameter() -> None:
    schema = WriterConfig.model_json_schema()
    assert schema["required"] == ["datasource_url"]
    assert schema["additionalProperties"] is False
    assert {"class", "metric_format", "query_url"} <= schema["properties"].keys()
    undescribed = [n for n, p in schema["properties"].items() if not p.get("description")]
    assert undescribed == []
    assert schema["properties"]["password"]["anyOf"][0]["writeOnly"] is True


def test_load_config_reads_a_whole_vmanomaly_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMANOMALY_URL", "http://me:p%3A%23@vminsert:8480/")
    monkeypatch.setenv("ATTEMPTS", "3")
    monkeypatch.setenv("VERIFY", "false")
    path = tmp_path / "vmanomaly.yaml"
    path.write_text(
        """
schedulers: {periodic: {class: periodic, infer_every: 30s}}
reader:
  class: vm
  datasource_url: %{NOT_SET_ANYWHERE}
writer:
  class: vm
  datasource_url: %{VMANOMALY_URL}  # not %{THIS_ONE}
  tenant_id: 12:30
  metric_format:
    __name__: vmanomaly_$VAR
    for: "$QUERY_KEY"
    version: 1.10
    prod: yes
    extra_labels: {shard: 007}
  timeout: 1m30s
  verify_tls: %{VERIFY}
  connection_retry_attempts: %{ATTEMPTS}
  batch_max_series: 50000
"""
    )
    read = load_config(path)
    assert (read.datasource_url, read.user) == ("http://vminsert:8480/", "me")
    assert (read.tenant_id, read.timeout_s, read.batch_max_series) == ("12:30", 90.0, 50_000)
    assert (read.verify_tls, read.connection_retry_attempts) == (False, 3)
    assert read.metric_format == {
        "__name__": "vmanomaly_$VAR",
        "for": "$QUERY_KEY",
        "version": "1.10",
        "prod": "yes",
        "shard": "007",
    }


def test_load_config_names_the_file_in_every_refusal(tmp_path: Path) -> None:
    path = tmp_path / "writer.yaml"
    path.write_text("datasource_url: http://h\ntimeout: 5")
    with pytest.raises(ConfigError) as caught:
        load_config(str(path))
    assert str(caught.value).startswith(f"{path}: timeout: expected a duration above zero")
    path.write_text("datasource_url: http://h\nuser: a\nuser: b")
    with pytest.raises(ConfigError, match=re.escape(f"{path}: line 3: duplicate key 'user', ")):
        load_config(path)
