"""WriterConfig: vmanomaly's `writer:` section, checked, and with our own parameters beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Unpack, get_type_hints
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from vm_df_writer.config.contradictions import check_contradictions
from vm_df_writer.config.explanation import explain
from vm_df_writer.config.field_types import (
    BaseUrl,
    Duration,
    FolderPath,
    HealthPath,
    MetricFormat,
    ReadableFile,
    Tenant,
    Token,
    UserName,
    VerifyTls,
)
from vm_df_writer.config.request_types import Auth, Headers, ImportPath, RemoteWritePath
from vm_df_writer.config.seconds import seconds_of
from vm_df_writer.config.writer_parameters import CompressionChoice, ConfigParameters
from vm_df_writer.display.html import facts_table
from vm_df_writer.display.keywords import Keyword, spell_out
from vm_df_writer.errors import ConfigError

__all__ = ["WRITER_KEYWORDS", "WriterConfig", "parameter_names", "with_unlimited_reconnects"]


class WriterConfig(BaseModel):
    """Where and how to write: vmanomaly's parameters for `VmWriter`, and some of our own.

    The parameters are keyword-only and named as in the YAML file (`class` may be given as
    `class_`). Nothing that shows a config shows its secrets.

    Parameters
    ----------
    **parameters
        As in the YAML file:

    Raises
    ------
    ConfigError
        If a parameter is unknown or wrong, or contradicts another one.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://me:secret@localhost:8428", timeout="1m30s")
    >>> config.datasource_url, config.user, config.password, config.timeout_s
    ('http://localhost:8428', 'me', SecretStr('**********'), 90.0)
    >>> WriterConfig(datasource_url="http://localhost:8428", tenant="0:0")
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.ConfigError: tenant: not a writer parameter; did you mean 'tenant_id'?
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        json_schema_extra={"description": "The writer section of a vmanomaly file."},
    )

    class_: Literal["vm", "writer.vm.VmWriter"] = Field(default="vm", alias="class")
    """The kind of writer: both names mean VictoriaMetrics, the only one there is here."""
    datasource_url: BaseUrl
    """Base URL to write to: a single node, vminsert, vmagent or vmauth. Credentials in it are
    moved into `user` and `password`."""
    tenant_id: Tenant | None = None
    """Tenant of a cluster: accountID, accountID:projectID, or multitenant to take it from the
    labels vm_account_id and vm_project_id, which must be plain numbers then."""
    metric_format: MetricFormat = {"__name__": "$VAR", "for": "$QUERY_KEY"}
    """Labels of every series. `$VAR` and `$QUERY_KEY` may stand anywhere in the values;
    `__name__` is required, and so is `$VAR` in some value. Where it is left out, frames without
    a query key get no label `for`. Numbers become text as Python
    writes them, booleans become true and false; a nested `extra_labels` is merged in."""
    import_json_path: ImportPath = "/api/v1/import"
    """Path of the import endpoint; any other than the default is used as it is given."""
    health_path: HealthPath = "/health"
    """Absolute URL, or path on the server, of the health check."""
    user: UserName | None = Field(default=None, repr=False)
    """Name for basic authentication."""
    password: SecretStr | None = None
    """Password for basic authentication."""
    timeout: Duration = "5s"
    """How long to wait for the server, such as 5s, 500ms or 1m30s."""
    verify_tls: VerifyTls = True
    """Verify the server's certificate: true, false, or the path of a CA bundle."""
    tls_cert_file: ReadableFile | None = None
    """Path of the client certificate for mutual TLS."""
    tls_key_file: ReadableFile | None = None
    """Path of the private key of `tls_cert_file`; leave it out if that file holds both."""
    bearer_token: Token | None = None
    """Token for bearer authentication."""
    bearer_token_file: ReadableFile | None = None
    """Path of a file with the token, which is read again when it changes."""
    connection_retry_attempts: int = Field(default=1, ge=0)
    """How often to reconnect and try again after a connection failed."""
    batch_max_series: int = Field(default=100_000, ge=1)
    """Most series in one request."""
    batch_max_bytes: int = Field(default=4 * 2**20, ge=64 * 2**10)
    """Most bytes in one request, before compression; 1 MiB by default with protocol
    remote_write, of which servers spend more CPU on larger ones."""
    metric_prefix_cache_max_entries: int = Field(default=1_000_000, ge=0)
    """Most rendered label sets that are kept between writes; 0 keeps none."""

    protocol: Literal["import", "remote_write"] = "import"
    """What samples are sent as: VictoriaMetrics' import lines, or Prometheus remote write 1.0,
    which Prometheus takes too. Not a parameter of vmanomaly."""
    remote_write_path: RemoteWritePath = "/api/v1/write"
    """Path of the endpoint of remote write, with a query if it needs one: /api/v1/push for Mimir
    and Cortex, /api/v1/receive for Thanos, /v1/prometheus/write?db=public for GreptimeDB. Not a
    parameter of vmanomaly."""
    headers: Headers = {}
    """Headers of every request, such as X-Scope-OrgID, which chooses a tenant. Not a parameter of
    vmanomaly."""
    auth: Auth = Field(default=None, exclude=True, repr=False)
    """Authentication of your own, such as AWS SigV4 or OAuth: called with each request before it is
    sent, and anew before it is sent again, to add headers or a query. Any `requests.auth.AuthBase`
    does that waits for no answer. In Python alone. Not a parameter of vmanomaly."""
    query_url: BaseUrl | None = None
    """Base URL to read back from, where that is not `datasource_url`: vmselect, or vmauth in
    front of it. Not a parameter of vmanomaly."""
    storage_urls: tuple[BaseUrl, ...] = ()
    """Base URLs of the vmstorage nodes of a cluster, such as http://vmstorage-1:8482. They are
    asked, without credentials, for what vminsert and vmselect do not report: retention,
    deduplication, what they dropped; and to make what they took readable at once. Not a
    parameter of vmanomaly."""
    retention: Duration | None = None
    """How long the server keeps samples, such as 30d, where it does not report that itself: a
    cluster, or what is behind vmagent or vmauth, which is taken to keep what a single node at
    `query_url` keeps. Older samples are left out and counted. Not a parameter of vmanomaly."""
    concurrency: int = Field(default=2, ge=1, le=64)
    """Most requests at a time. Not a parameter of vmanomaly."""
    retry_deadline: Duration = "2m"
    """How long to go on retrying a request. Not a parameter of vmanomaly."""
    compression: CompressionChoice = "auto"
    """Content encoding of requests; auto is none on loopback, and elsewhere gzip, or snappy with
    protocol remote_write. zstd is used where the server shows that it decodes it. Not a parameter
    of vmanomaly."""
    spool_dir: FolderPath | None = None
    """Folder for what cannot be delivered: files that a replay or curl sends. Without it such
    samples are reported by the exception alone. Not a parameter of vmanomaly."""
    grafana_url: BaseUrl | None = None
    """Base URL of the Grafana that reports link to. Not a parameter of vmanomaly."""
    grafana_datasource: str = "VictoriaMetrics"
    """Name or uid of VictoriaMetrics in that Grafana. Not a parameter of vmanomaly."""
    reset_cache_auth_key: SecretStr | None = None
    """The -search.resetCacheAuthKey of the server, if it has one, for writes with
    `reset_cache=True`. Not a parameter of vmanomaly."""
    delete_auth_key: SecretStr | None = None
    """The -deleteAuthKey of the server, if it has one, for writes with `if_exists="replace"`. Not
    a parameter of vmanomaly."""
    replace_max_samples: int = Field(default=10_000_000, ge=1)
    """Most samples that a write with `if_exists="replace"` exports, deletes and imports again: all
    of the series that it corrects. Not a parameter of vmanomaly."""
    max_labels: int = Field(default=30, ge=1)
    """Most labels of a series, `__name__` included, as the server's -maxLabelsPerTimeseries
    has it: 30 in old versions, 40 in new ones. A server that reports its limit is believed. Not a
    parameter of vmanomaly."""
    max_label_name_bytes: int = Field(default=256, ge=1)
    """Most bytes in the name of a label. Not a parameter of vmanomaly."""
    max_label_value_bytes: int = Field(default=4096, ge=1)
    """Most bytes in the value of a label, as the server's -maxLabelValueLen has it. Not a
    parameter of vmanomaly."""

    def __init__(self, **parameters: Unpack[ConfigParameters]) -> None:
        try:
            super().__init__(**parameters)
        except ValidationError as error:
            problems = [explain(detail, parameter_names()) for detail in error.errors()]
        else:
            return
        finally:
            del parameters  # which a traceback with local variables would show
        raise ConfigError("\n".join(problems))

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Yield what ``repr`` shows: what is not the default, no user, and no query of a path."""
        for name, field in type(self).model_fields.items():
            value = self.__dict__.get(name, field.default)  # it may be half made
            if field.repr and value != field.default:
                if name.endswith("_path") and "?" in value:
                    value = value.partition("?")[0] + "?***"
                yield name, value

    def __str__(self) -> str:
        return repr(self)

    @model_validator(mode="before")
    @classmethod
    def _take_credentials_out_of_the_url(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        url = parameters.get("datasource_url", "")
        if not isinstance(url, str):
            return parameters
        scheme, slashes, rest = url.partition("://")
        netloc = re.split(r"[/?#]", rest, maxsplit=1)[0]
        credentials, at, _ = netloc.rpartition("@")
        if not at:
            return parameters
        if any(parameters.get(name) is not None for name in ("user", "password")):
            raise ValueError(
                "datasource_url: holds credentials, and user or password is set too; "
                "keep one of the two"
            )
        user, colon, password = credentials.partition(":")
        return parameters | {
            "datasource_url": scheme + slashes + rest.removeprefix(credentials + at),
            "user": unquote(user) or None,
            "password": unquote(password) if colon else None,
        }

    @model_validator(mode="before")
    @classmethod
    def _size_bodies_for_the_protocol(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters.get("protocol") == "remote_write":
            return {"batch_max_bytes": 2**20} | parameters
        return parameters

    @model_validator(mode="after")
    def _check(self) -> WriterConfig:
        check_contradictions(self)
        return self

    def _repr_html_(self) -> str:
        shown = dict(self.__repr_args__())  # without what is private
        return facts_table("vm_df_writer: configuration, where it is not the default", shown)

    @property
    def explicit_metric_format(self) -> dict[str, str] | None:
        """`metric_format`, if it was given; None if the default is in force."""
        return self.metric_format if "metric_format" in self.model_fields_set else None

    @property
    def timeout_s(self) -> float:
        """`timeout` in seconds."""
        return seconds_of(self.timeout)

    @property
    def retention_s(self) -> float | None:
        """`retention` in seconds; None if it is not set."""
        return None if self.retention is None else seconds_of(self.retention)

    @property
    def retry_deadline_s(self) -> float:
        """`retry_deadline` in seconds."""
        return seconds_of(self.retry_deadline)


_KINDS = get_type_hints(ConfigParameters)
WRITER_KEYWORDS = tuple(
    Keyword(
        name,
        _KINDS.get(name, field.annotation),
        Keyword.default if field.is_required() else field.default,
        field.description or "",
    )
    for name, field in WriterConfig.model_fields.items()
)
spell_out(WriterConfig, WRITER_KEYWORDS)


def parameter_names() -> list[str]:
    """Return the names of all parameters, as a YAML file has them."""
    return [field.alias or name for name, field in WriterConfig.model_fields.items()]


def with_unlimited_reconnects(config: WriterConfig) -> WriterConfig:
    """Return a config that tries for as long as `retry_deadline`, however often that fails.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> (
    ...     config.connection_retry_attempts,
    ...     with_unlimited_reconnects(config).connection_retry_attempts,
    ... )
    (1, 1000000)
    """
    return config.model_copy(update={"connection_retry_attempts": 1_000_000})
