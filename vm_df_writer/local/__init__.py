"""A throw-away VictoriaMetrics on this machine."""

from vm_df_writer.local.victoria_metrics import (
    LocalVictoriaMetrics,
    ServerNotInstalled,
    find_program,
)

__all__ = ["LocalVictoriaMetrics", "ServerNotInstalled", "find_program"]
