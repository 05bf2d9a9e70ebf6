"""The parameters of a WriterConfig as type checkers and editors know them.

A test holds them equal to the fields of WriterConfig. Types are those that are taken; what they
mean, and what they are by default, stands with the fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, Required, TypedDict

from pydantic import SecretStr

from vm_df_writer.config.request_types import RequestAuth

__all__ = ["CompressionChoice", "ConfigParameters", "WriterParameters"]

CompressionChoice = Literal["auto", "gzip", "snappy", "zstd", "none"]


class WriterParameters(TypedDict, total=False):
    """All parameters but `datasource_url`, which :class:`VmWriter` takes by position."""

    class_: Literal["vm", "writer.vm.VmWriter"]
    tenant_id: str | int | None
    metric_format: Mapping[str, object]
    import_json_path: str
    health_path: str
    user: str | None
    password: str | SecretStr | None
    timeout: str
    verify_tls: bool | str | PathLike[str]
    tls_cert_file: str | PathLike[str] | None
    tls_key_file: str | PathLike[str] | None
    bearer_token: str | SecretStr | None
    bearer_token_file: str | PathLike[str] | None
    connection_retry_attempts: int
    batch_max_series: int
    batch_max_bytes: int
    metric_prefix_cache_max_entries: int
    protocol: Literal["import", "remote_write"]
    remote_write_path: str
    headers: Mapping[str, str | SecretStr]
    auth: RequestAuth | None
    query_url: str | None
    storage_urls: Sequence[str]
    retention: str | None
    concurrency: int
    retry_deadline: str
    compression: CompressionChoice
    spool_dir: str | PathLike[str] | None
    grafana_url: str | None
    grafana_datasource: str
    reset_cache_auth_key: str | SecretStr | None
    delete_auth_key: str | SecretStr | None
    replace_max_samples: int
    max_labels: int
    max_label_name_bytes: int
    max_label_value_bytes: int


class ConfigParameters(WriterParameters, total=False):
    """All parameters of :class:`WriterConfig`."""

    datasource_url: Required[str]
