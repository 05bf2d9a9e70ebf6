"""Configurations that stand outside of a program: in a YAML file, or in the environment."""

from __future__ import annotations

from pathlib import Path

from vm_df_writer.config.environment import environment_name, from_environment
from vm_df_writer.config.writer_config import WriterConfig, parameter_names
from vm_df_writer.config.yaml_file import read_writer_section
from vm_df_writer.errors import ConfigError

__all__ = ["config_from_env", "load_config"]


def load_config(path: str | Path) -> WriterConfig:
    """Read a config from a YAML file.

    Every value is taken as the text that is written there, so that ``12:30`` and ``007`` stay
    what they are. ``%{NAME}`` is replaced by the environment variable of that name.

    Parameters
    ----------
    path : str or Path
        A whole vmanomaly file, of which the ``writer:`` section is taken and the rest
        ignored, or the parameters of such a section alone.

    Returns
    -------
    WriterConfig
        The config, checked.

    Raises
    ------
    ConfigError
        If the file or the config in it is wrong, or an environment variable is not set.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vmanomaly.yaml")
    ...     _ = path.write_text("writer: {datasource_url: 'http://localhost:8428', timeout: 10s}")
    ...     load_config(path).timeout_s
    10.0
    """
    try:
        return WriterConfig(**read_writer_section(Path(path), known=parameter_names()))
    except ConfigError as error:
        problem = str(error)
    # Outside: the other error's traceback holds the whole file, and the environment.
    raise ConfigError(f"{path}: {problem}")


def config_from_env() -> WriterConfig:
    """Read a config from the environment variables of this process.

    Raises
    ------
    ConfigError
        If a variable is wrong, or none names the server.
    """
    parameters = from_environment()
    if "datasource_url" in parameters:
        try:
            return WriterConfig(**parameters)
        finally:
            del parameters  # which a traceback with local variables would show
    raise ConfigError(
        f"datasource_url: the environment has no {environment_name('datasource_url')}; set it to "
        "the URL of the server, such as http://localhost:8428"
    )
