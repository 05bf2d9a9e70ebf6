"""VmWriter: the facade; each method is one call into operations."""

from __future__ import annotations

from pathlib import Path
from typing import Self, Unpack

from vm_df_writer.config.load import config_from_env, load_config
from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WRITER_KEYWORDS, WriterConfig
from vm_df_writer.config.writer_parameters import WriterParameters
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.observer import DeliveryObserver
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.progress import ProgressChoice
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import ConfigError, VmDfWriterError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.check import ServerCheck, check_server
from vm_df_writer.operations.existing.if_exists import IfExists
from vm_df_writer.operations.preview import Preview, preview_frame
from vm_df_writer.operations.replay import replay_folder
from vm_df_writer.operations.verify import VerifyChoice
from vm_df_writer.operations.write import write_frame
from vm_df_writer.reader import FrameReader

__all__ = ["ServerCheck", "VmWriter"]


@spelled_out(WRITER_KEYWORDS)
@shortened(VmDfWriterError)
class VmWriter(FrameReader):
    """Writes DataFrames of anomaly scores to VictoriaMetrics.

    It is a context manager, may be shared by threads, and can be pickled without its connections.

    Parameters
    ----------
    datasource_url : str, optional
        The server, as in vmanomaly's ``writer:`` section.
    config : WriterConfig, optional
        The whole configuration; then no other parameter is passed.
    metrics : WriterMetrics, optional
        Counts what the writer does: see :class:`~vm_df_writer.metrics.WriterMetrics`. It cannot
        harm a write, and a pickled copy of the writer has none.
    **parameters
        The other parameters of a :class:`WriterConfig`:

    Raises
    ------
    ConfigError
        If the configuration is wrong or contradicts itself.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
    >>> scores = pd.DataFrame({"anomaly_score": [0.1, 2.5]}, index=index)
    >>> writer = VmWriter("http://localhost:8428", metric_format={"__name__": "vm_$VAR"})
    >>> report = writer.write(scores, dry_run=True)
    >>> report.layout, report.series, report.undelivered
    ('wide', 1, 2)
    """

    def __init__(
        self,
        datasource_url: str | None = None,
        *,
        config: WriterConfig | None = None,
        metrics: DeliveryObserver | None = None,
        **parameters: Unpack[WriterParameters],
    ) -> None:
        has_more = config is not None and (datasource_url is not None or bool(parameters))
        try:
            if config is None and datasource_url is not None:
                config = WriterConfig(datasource_url=datasource_url, **parameters)
        finally:
            del datasource_url, parameters  # which a traceback with local variables would show
        if config is None or has_more:
            raise ConfigError(
                "config: passed together with other parameters; put them all into the WriterConfig"
                if has_more
                else "datasource_url: missing; pass the URL of the server, such as "
                "'http://localhost:8428', or config="
            )
        self._backend = Backend.of(config, observer=metrics)

    @property
    def backend(self) -> Backend:
        """Everything that writing to the server needs, and the policies that hold for it."""
        return self._backend

    @property
    def config(self) -> WriterConfig:
        """The whole configuration."""
        return self._backend.config

    @classmethod
    def from_yaml(cls, path: str | Path, *, metrics: DeliveryObserver | None = None) -> Self:
        """Open the writer that a vmanomaly configuration file describes.

        Parameters
        ----------
        path : str or Path
            A whole file, of which only the ``writer:`` section is read, or a file that holds
            such a section alone. ``%{NAME}`` stands for environment variables.
        metrics : WriterMetrics, optional
            Counts what the writer does.
        """
        return cls(config=load_config(path), metrics=metrics)

    @classmethod
    def from_env(cls, *, metrics: DeliveryObserver | None = None) -> Self:
        """Open the writer that the environment describes.

        There is a variable for every parameter, such as ``VM_DF_WRITER_DATASOURCE_URL``. Mappings
        are written as in YAML, and lists with blanks; secrets may stand in files, which
        ``VM_DF_WRITER_PASSWORD_FILE`` and the like name.

        Parameters
        ----------
        metrics : WriterMetrics, optional
            Counts what the writer does.
        """
        return cls(config=config_from_env(), metrics=metrics)

    @classmethod
    def from_backend(cls, backend: Backend) -> Self:
        """Open a writer with policies of the caller's own; a pickled copy has the usual ones."""
        self = cls.__new__(cls)
        self._backend = backend
        return self

    @spelled_out(READING_KEYWORDS)
    def write(
        self,
        frame: FrameLike,
        *,
        if_exists: IfExists | None = None,
        verify: VerifyChoice = False,
        reset_cache: bool = False,
        receipt: bool = False,
        progress: ProgressChoice = "auto",
        dry_run: bool = False,
        **reading: Unpack[ReadingKeywords],
    ) -> WriteReport:
        """Write a frame, and return when every sample is acknowledged.

        Parameters
        ----------
        frame : DataFrame or Series
            Wide, long or melted; it is not modified.
        if_exists : {"append", "skip", "fail", "replace"}, optional
            What becomes of a sample at whose time the server has one of the same series, with
            whatever value. ``append``, which is what is done if this is left out: it is stored
            beside that one, and only if this is passed in words a verification accepts other values
            there. ``skip``: it is left out, and counted as dropped: ``exists``. ``fail``: if there
            is one, nothing is sent. ``replace``: afterwards the server has exactly the frame's
            samples at the frame's times, and all else of these series as before; what it has
            already is left out. For that the series that differ are deleted and written anew, with
            `spool_dir` as the safe place meanwhile, which takes 15 s at least.
        verify : bool, "count" or "repair"
            Read everything back and compare; or only where the server counts other than was
            sent; or send what is missing once more, and compare again.
        reset_cache : bool
            Make the server forget the graphs that it computed before, which lack these samples.
        receipt : bool
            Sum up what is written, for the `receipt()` of the report.
        progress : bool or "auto"
            Show a progress bar on standard error; ``"auto"``: in a terminal or a notebook.
        dry_run : bool
            Do everything but send: the report says what would be dropped, and counts the rest
            as `undelivered`.
        **reading
            How to read the frame: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

        Returns
        -------
        WriteReport

        Raises
        ------
        FrameError
            If the frame cannot be read; nothing was sent then.
        SamplesExistError
            If the server has a sample at the time of one, with ``if_exists="fail"``.
        ReplaceError
            If replacing would not be safe, with ``if_exists="replace"``.
        DeliveryError
            If samples could not be delivered; its `report` says which. Not with `spool_dir`:
            they are in the files that `spooled` of the report names then, and are not verified.
        SpoolError
            If they could not be put there either.
        VerificationError
            If what was read back is not what was sent; its `report` says how much.
        """
        report = write_frame(
            self._backend,
            frame,
            ReadOptions.of(**reading),
            if_exists=if_exists,
            verify=verify,
            reset_cache=reset_cache,
            receipt=receipt,
            progress=progress,
            dry_run=dry_run,
        )
        return report.of_writer(self)

    def replay(
        self, folder: str | Path | None = None, *, progress: ProgressChoice = "auto"
    ) -> WriteReport:
        """Send what writes could not deliver and left in a spool folder, the oldest first.

        A file is removed once the server has acknowledged it. So this may be interrupted, run
        again, and run in several processes at once: each takes files that no other one is at.

        Parameters
        ----------
        folder : str or Path, optional
            The folder; that of `spool_dir` if left out.
        progress : bool or "auto"
            As for :meth:`write`.

        Returns
        -------
        WriteReport
            Of the layout ``spool``; `undelivered` and `spooled` are what is left in the folder.

        Raises
        ------
        DeliveryError
            If the server fails; its `report` says what is left.
        SpoolError
            If something is wrong with the folder, or with some of its files: those that are
            damaged, of another tenant or refused by the server stay, and so do those of which
            it would drop samples for their time or labels. All others are sent.
        """
        folder = folder or self.config.spool_dir
        if folder is None:
            raise ConfigError("spool_dir: not set; set it, or name the folder to replay")
        return replay_folder(Path(folder), self._backend, progress=progress)

    @spelled_out(READING_KEYWORDS)
    def preview(self, frame: FrameLike, **reading: Unpack[ReadingKeywords]) -> Preview:
        """Tell how a frame would be read and what would be sent, without sending anything.

        Parameters
        ----------
        frame : DataFrame or Series
            As for :meth:`write`.
        **reading
            As for :meth:`write`.
        """
        return preview_frame(self._backend, frame, ReadOptions.of(**reading))

    def check(self) -> ServerCheck:
        """Ask whether the server takes our credentials and tenant, and what it tells of itself.

        Nothing is stored.

        Raises
        ------
        ServerUnavailable
            If there is no answer.
        ServerRejected
            If the server refuses.
        """
        return check_server(self._backend)

    def __repr__(self) -> str:
        """Name the server, without credentials."""
        backend = self.__dict__.get("_backend")  # a traceback shows what is half made
        return f"VmWriter({backend.endpoint.import_url!r})" if backend else "VmWriter(half made)"

    def __getstate__(self) -> WriterConfig:
        """Pickle the configuration alone."""
        return self.config

    def __setstate__(self, config: WriterConfig) -> None:
        """Open anew."""
        self._backend = Backend.of(config)
