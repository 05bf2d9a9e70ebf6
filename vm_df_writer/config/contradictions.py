"""Parameters of the writer that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vm_df_writer.config.writer_config import WriterConfig

__all__ = ["check_contradictions"]


def check_contradictions(config: WriterConfig) -> None:
    """Refuse parameters of which one has no effect, or another meaning, because of the other.

    Raises
    ------
    ValueError
        If there are such.
    """
    if config.password is not None and config.user is None:
        raise ValueError("password: there is no user that it belongs to; set user too")
    if config.bearer_token is not None and config.bearer_token_file is not None:
        raise ValueError("bearer_token: bearer_token_file is set too; keep one of the two")
    if config.user is not None and (config.bearer_token or config.bearer_token_file):
        raise ValueError(
            "user: basic authentication and a bearer token exclude each other; keep one of the two"
        )
    if config.auth and (config.user or config.bearer_token or config.bearer_token_file):
        raise ValueError("auth: user or a bearer token is set too; keep one of the two")
    if config.tls_key_file is not None and config.tls_cert_file is None:
        raise ValueError("tls_key_file: there is no certificate to the key; set tls_cert_file")
    _check_protocol(config)


def _check_protocol(config: WriterConfig) -> None:
    """Refuse what belongs to the other protocol, which would be without effect."""
    if config.protocol == "import":
        unknown, unused, used = "snappy", "remote_write_path", "import_json_path"
    else:
        unknown, unused, used = "gzip", "import_json_path", "remote_write_path"
    if config.compression == unknown:
        raise ValueError(
            f"compression: protocol {config.protocol} has no {unknown}; set it to auto, or "
            "change protocol"
        )
    if getattr(config, unused) != type(config).model_fields[unused].default:
        raise ValueError(f"{unused}: protocol {config.protocol} has no use for it; set {used}")
