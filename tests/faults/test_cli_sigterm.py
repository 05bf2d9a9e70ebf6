"""SIGTERM at the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import hang, pass_on
from tests.support.spool_folders import samples_in
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

# As shells start what ends with "&" in a script: Ctrl-C is ignored.
IN_THE_BACKGROUND = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]

SCRIPT = """
import sys
from vm_df_writer.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("shell", [[], IN_THE_BACKGROUND], ids=["alone", "background"])
def test_sigterm_on_the_command_line_keeps_what_is_undelivered(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    tmp_path: Path,
    shell: list[str],
) -> None:
    path, folder = tmp_path / "scores.csv", tmp_path / "spool"
    frame = frame_of(3_000, 20).rename_axis("time")
    frame.to_csv(path)
    config = tmp_path / "writer.yaml"
    config.write_text(
        f"datasource_url: {proxy.url}\nbatch_max_bytes: 65536\n"
        f'metric_format: {{__name__: "{run}", column: $VAR}}\n'
    )
    proxy.schedule(*[pass_on] * 4, then=hang)
    command = [sys.executable, "-c", SCRIPT, "write", str(path), "--config", str(config)]
    with subprocess.Popen(  # noqa: S603
        [*shell, *command, "--spool-dir", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        while len(proxy.seen) < 4:
            assert child.poll() is None
        child.terminate()
        stdout, stderr = child.communicate(timeout=30)
    assert child.returncode == 143
    assert "samples acknowledged" in stdout
    assert stderr.endswith(f"Error: {path}: terminated\n")
    kept = samples_in(folder)
    assert kept > 0
    proxy.schedule(then=pass_on)
    assert VmWriter(victoria_metrics.url).replay(folder).samples == kept
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(frame)
