"""Endpoint: the URLs that a configuration describes. Pure: no clock, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError
from vm_df_writer.transport.http_errors import Target
from vm_df_writer.transport.receiver import Receiver

__all__ = ["Endpoint", "Targets"]

_TENANT_PATH = re.compile(r"/(?:insert|select)/(?P<tenant>[^/]+)(?:/prometheus|(?<=[0-9]))$")


@dataclass(frozen=True)
class Endpoint:
    """Where to write, where to read back, and where a person can look.

    No URL holds credentials or a query, or ends with a slash.

    Attributes
    ----------
    import_url : str
        Takes the samples.
    health_url : str
        Answers if the server is there.
    write_root : str
        Base of the paths of the server that is written to, without the tenant.
    read_base : str
        Base of the paths of the querying API; in a cluster it holds the tenant.
    read_root : str
        The same without the tenant.
    import_query, health_query : str
        The queries of the first two URLs, which may hold a key: in no ``repr`` and no message.
    vmui_base : str or None
        The server's own user interface; None if the configuration does not say where it is.
    grafana_base : str or None
        Where Grafana is; None if it was not configured.
    grafana_datasource : str
        Grafana's uid or name of this server.
    tenant, read_tenant : str or None
        The tenants that are written to and read from, as they were given.
    storage_roots : tuple of str
        Base of the paths of the vmstorage nodes, if they were named.

    Examples
    --------
    >>> from vm_df_writer.config.writer_config import WriterConfig
    >>> single = Endpoint.of(WriterConfig(datasource_url="http://localhost:8428/"))
    >>> single.import_url
    'http://localhost:8428/api/v1/import'
    >>> cluster = Endpoint.of(
    ...     WriterConfig(
    ...         datasource_url="http://vminsert:8480",
    ...         query_url="http://vmselect:8481",
    ...         tenant_id="5:7",
    ...     )
    ... )
    >>> cluster.import_url
    'http://vminsert:8480/insert/5:7/prometheus/api/v1/import'
    >>> cluster.read_url("/api/v1/export")
    'http://vmselect:8481/select/5:7/prometheus/api/v1/export'
    """

    import_url: str
    health_url: str
    write_root: str
    read_base: str
    read_root: str
    vmui_base: str | None = None
    import_query: str = field(default="", repr=False)
    health_query: str = field(default="", repr=False)
    grafana_base: str | None = None
    grafana_datasource: str = "VictoriaMetrics"
    tenant: str | None = None
    read_tenant: str | None = None
    storage_roots: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: WriterConfig) -> Endpoint:
        """Derive the URLs from the configuration.

        Raises
        ------
        ConfigError
            If the path of a URL names another tenant than `tenant_id`.
        """
        root, tenant = _split_tenant("datasource_url", config.datasource_url, config.tenant_id)
        query_url = config.query_url or root
        # One that query_url alone names is not written to: a vmagent in between chooses it.
        read_root, read_tenant = _split_tenant("query_url", query_url, tenant)
        write_base = f"{root}/insert/{tenant}/prometheus" if tenant else root
        read_base, vmui_root = read_root, read_root
        if read_tenant:
            read_base = f"{read_root}/select/{read_tenant}/prometheus"
            vmui_root = f"{read_root}/select/{read_tenant}"
        is_lines = config.protocol == "import"
        path = config.import_json_path if is_lines else config.remote_write_path
        # vminsert has no user interface, so that a tenant without query_url leaves it unknown.
        has_vmui = config.query_url is not None or not tenant
        import_url, _, import_query = _join(write_base, path).partition("?")
        health_url, _, health_query = _join(root, config.health_path).partition("?")
        return cls(
            import_url=import_url,
            health_url=health_url,
            import_query=import_query,
            health_query=health_query,
            write_root=root,
            read_base=read_base,
            read_root=read_root,
            vmui_base=f"{vmui_root}/vmui/" if has_vmui else None,
            grafana_base=config.grafana_url.rstrip("/") if config.grafana_url else None,
            grafana_datasource=config.grafana_datasource,
            tenant=tenant,
            read_tenant=read_tenant,
            storage_roots=tuple(url.rstrip("/") for url in config.storage_urls),
        )

    @property
    def choose_tenant(self) -> bool:
        """True if the labels of a series choose its tenant."""
        return "multitenant" in (self.tenant, self.read_tenant)

    def writes_to(self, tenant: str | None) -> bool:
        """Say whether this is the tenant that is written to; ``5`` is the same as ``5:0``."""
        return _normal(tenant or "") == _normal(self.tenant or "")

    def read_url(self, path: str) -> str:
        """Return the URL of a path of the querying API, such as ``/api/v1/export``."""
        return _join(self.read_base, path)

    def root_url(self, path: str) -> str:
        """Return the URL of a path without a tenant, such as ``/metrics``."""
        return _join(self.read_root, path)

    @property
    def is_loopback(self) -> bool:
        """True if the samples do not leave this machine.

        Examples
        --------
        >>> from vm_df_writer.config.writer_config import WriterConfig
        >>> Endpoint.of(WriterConfig(datasource_url="http://[::1]:8428")).is_loopback
        True
        """
        host = urlsplit(self.import_url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


def _split_tenant(setting: str, url: str, tenant: str | None) -> tuple[str, str | None]:
    """Return `url` without the tenant in its path, and the tenant."""
    base = url.rstrip("/")
    match = _TENANT_PATH.search(base)
    if match is None:
        return base, tenant
    found = match["tenant"]
    if tenant is not None and _normal(found) != _normal(tenant):
        raise ConfigError(
            f"{setting}: its path names tenant {found!r}, but the tenant is {tenant!r} elsewhere; "
            "name it once, with tenant_id="
        )
    return base[: match.start()], tenant or found


def _normal(tenant: str) -> str:
    return tenant.removesuffix(":0")


def _join(base: str, path: str) -> str:
    """Append `path`, which may also be a whole URL of its own."""
    return path if "://" in path else f"{base}/{path.lstrip('/')}"


class Targets:
    """The targets of one server.

    Parameters
    ----------
    config : WriterConfig
        Whose parameters the errors name.
    endpoint : Endpoint
        The URLs.

    Attributes
    ----------
    health : Target
        Where the server says whether it is there.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428/")
    >>> target = Targets(config, Endpoint.of(config)).reading("http://localhost:8428/metrics")
    >>> target.base, sorted(target.successes)
    ('http://localhost:8428', [200])
    """

    def __init__(self, config: WriterConfig, endpoint: Endpoint) -> None:
        write_base = read_base = ("datasource_url", config.datasource_url.rstrip("/"))
        read_paths = "datasource_url and tenant_id, or set query_url to what can be read from"
        if config.query_url is not None:
            read_base = ("query_url", config.query_url.rstrip("/"))
            read_paths = "query_url and tenant_id"
        path = "import_json_path" if config.protocol == "import" else "remote_write_path"
        self._import_url = endpoint.import_url
        self._import_place = (*write_base, f"datasource_url, tenant_id and {path}")
        self._read_place = (*read_base, read_paths)
        self.health: Target = Target(
            endpoint.health_url, frozenset({200}), *write_base, "datasource_url and health_path"
        )

    def importing(self, receiver: Receiver) -> Target:
        """Return where samples are sent to be stored, and what the answers mean."""
        return Target(self._import_url, receiver.successes, *self._import_place, receiver)

    def reading(self, url: str, *, success: int = 200) -> Target:
        """Return a URL of the server that is read from; all but one status are no success."""
        return Target(url, frozenset({success}), *self._read_place)
