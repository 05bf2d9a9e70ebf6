"""Authorization: headers with credentials, fixed or from a token file that rotates."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.transport.masked import SHORTEST_KEY, Masked
from vm_df_writer.transport.signing import RequestSigner

__all__ = ["Authorization"]

_Stamp = tuple[int, int, int]

# More than any server takes in a header.
_MOST_TOKEN_BYTES = 2**16


class Authorization:
    """The current value of the ``Authorization`` header, or what signs each request.

    Attributes
    ----------
    source : str
        The parameters it comes from; empty if there is none.
    headers : dict of str to str
        The configured headers, which may be credentials too.
    signer : RequestSigner or None
        What adds credentials to each request, if `auth` is set.

    Examples
    --------
    >>> from vm_df_writer.config.writer_config import WriterConfig
    >>> config = WriterConfig(datasource_url="http://localhost:8428", user="me", password="secret")
    >>> authorization = Authorization(config)
    >>> authorization.source
    'user and password'
    >>> authorization.redact("unknown user in 'Basic bWU6c2VjcmV0', password secret")
    "unknown user in 'Basic ***', password ***"
    """

    def __init__(self, config: WriterConfig) -> None:
        self.source: str = ""
        self.headers: dict[str, Masked] = {
            name: Masked(value.get_secret_value()) for name, value in config.headers.items()
        }
        self.signer: RequestSigner | None = None
        self._header: str | None = None
        self._secrets: list[str] = []
        self._file: Path | None = None
        self._stamp: _Stamp | None = None
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            coded = b64encode(f"{config.user}:{password}".encode()).decode()
            self.source, self._header = "user and password", Masked(f"Basic {coded}")
            # Some servers take a name without a password as a token.
            self._secrets = [coded, password or config.user]
        elif config.bearer_token is not None:
            token = config.bearer_token.get_secret_value()
            self.source, self._header = "bearer_token", Masked(f"Bearer {token}")
            self._secrets = [token]
        elif config.bearer_token_file is not None:
            self.source, self._file = "bearer_token_file", Path(config.bearer_token_file)
        elif config.auth is not None:
            self.source, self.signer = "auth", RequestSigner(config.auth)

    def header(self, *, reread: bool = False) -> str | None:
        """Return the value of the header, None if there are no credentials.

        Parameters
        ----------
        reread : bool, default False
            Read the token file even if it looks unchanged: a rotation within one tick of
            the file system's clock leaves the same size and time.

        Raises
        ------
        ServerUnavailable
            If the token file was never readable, or holds no token.
        """
        if self._file is None:
            return self._header
        try:
            stat = self._file.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if reread or stamp != self._stamp:
                self._take(_read_token(self._file))
                self._stamp = stamp
        except OSError as error:
            # A rotation may remove the file before it creates the new one; until then the last
            # token may do.
            if self._header is None:
                raise ServerUnavailable(
                    f"bearer_token_file: {str(self._file)!r} cannot be read ({error.strerror}); "
                    "check the path and its permissions"
                ) from None
        except UnicodeDecodeError:
            self._refuse("characters beyond ASCII")
        return self._header

    def _take(self, token: str) -> None:
        if not token:
            self._refuse("nothing")
        if not token.isprintable() or " " in token:
            self._refuse("blanks or control characters inside the token")
        # The previous token too: an answer that is under way may quote it.
        self._header = Masked(f"Bearer {token}")
        self._secrets = [token, *self._secrets[:1]]

    def _refuse(self, found: str) -> None:
        # The cause is left out: it would quote the file.
        raise ServerUnavailable(
            f"bearer_token_file: {str(self._file)!r} must hold one token, found {found}; "
            "write the token into it"
        ) from None

    def redact(self, text: str) -> str:
        """Replace the secrets in an answer: vmauth quotes tokens that it does not know."""
        keys = [value for value in self.headers.values() if len(value) >= SHORTEST_KEY]
        added = self.signer.secrets if self.signer else []
        for secret in filter(None, [*self._secrets, *keys, *sorted(added, key=len, reverse=True)]):
            text = text.replace(secret, "***")
        return text


def _read_token(path: Path) -> Masked:
    with path.open("rb") as file:
        return Masked(file.read(_MOST_TOKEN_BYTES).decode("ascii").strip())
