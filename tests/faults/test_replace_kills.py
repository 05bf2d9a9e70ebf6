"""Client and server are killed at each step of a replacement: nothing is lost, nothing doubled.

``python -m tests.support.replace_kills`` does so at random moments, as often as one likes.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support.replace_kills import STEPS, Round, is_old, play, read, writer_for
from tests.support.thorough import thorough
from vm_df_writer import ReplaceError, SpoolError
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")

BRIEFLY = ReplacePolicy(durable_after_s=0.2)
SOME_STEPS = {"kept", "deleted", "imported"}  # after which samples could be lost, or doubled


@pytest.mark.parametrize(
    "flags",
    [(), pytest.param(("-dedup.minScrapeInterval=1ms",), marks=thorough)],
    ids=["plain", "dedup"],
)
@pytest.mark.parametrize(
    "step", [step if step in SOME_STEPS else pytest.param(step, marks=thorough) for step in STEPS]
)
def test_a_replay_completes_what_a_killed_client_has_begun(
    start_victoria_metrics: StartServer, step: str, flags: tuple[str, ...]
) -> None:
    server = start_victoria_metrics(*flags)
    if flags and is_old(server):
        pytest.skip("before v1.86 this is refused")
    play(Round(STEPS.index(step), 4, 4000, "client", step, 0.0), server)


@pytest.mark.parametrize(
    "step", ["imported", *(pytest.param(step, marks=thorough) for step in ("deleted", "durable"))]
)
def test_a_server_that_is_killed_has_all_of_it_in_the_end(
    start_victoria_metrics: StartServer, step: str
) -> None:
    """A server that is killed soon after an import has the deleted samples back, or none."""
    play(Round(STEPS.index(step), 4, 4000, "server", step, 0.0), start_victoria_metrics())


def test_what_a_client_was_killed_over_is_completed_by_the_next_replacement_too(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    """Its samples are others, at other times of the same series."""
    server, each = start_victoria_metrics(), Round(7, 3, 400, "client", "deleted", 0.0)

    def die(step: str) -> None:
        if step == "deleted":
            raise MemoryError  # of no class that is expected

    writer = writer_for(server.url, tmp_path, ReplacePolicy(on_step=die))
    writer.write(each.old)
    with pytest.raises(MemoryError):
        writer.write(each.new, if_exists="replace")
    assert len(list(tmp_path.glob("*.jsonl.gz"))) == 1
    other = each.old.iloc[:10] + 5000
    report = writer_for(server.url, tmp_path, BRIEFLY).write(other, if_exists="replace")
    assert (report.samples, report.undelivered) == (30, 0)
    assert not list(tmp_path.glob("*.jsonl.gz"))
    assert writer.verify(each.new).ok
    assert writer.verify(other).ok
    rest = each.old.drop(each.new.index).drop(other.index)
    assert writer.verify(rest).ok


def test_samples_that_come_in_after_a_deletion_stay(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    """Between a killed replacement and its replay another writer appends."""
    server, each = start_victoria_metrics(), Round(8, 3, 400, "client", "deleted", 0.0)

    def die(step: str) -> None:
        if step == "kept":
            raise MemoryError

    writer = writer_for(server.url, tmp_path, ReplacePolicy(on_step=die))
    writer.write(each.old)
    with pytest.raises(MemoryError):
        writer.write(each.new, if_exists="replace")
    later = each.old.iloc[:20].copy()
    later.index += each.old.index[-1] - each.old.index[0] + each.old.index[1] - each.old.index[0]
    writer.write(later)
    writer_for(server.url, tmp_path, BRIEFLY).replay()
    assert not list(tmp_path.glob("*.jsonl.gz"))
    for frame in (each.new, later, each.old.drop(each.new.index)):
        found = writer.verify(frame)
        assert (found.missing, found.mismatched, found.copies, found.conflicting) == (0, 0, 0, 0)


def begun(server: LocalVictoriaMetrics, each: Round, spool: Path) -> bytes:
    """Kill a client that has deleted; return what it was about to import."""

    def die(step: str) -> None:
        if step == "deleted":
            raise MemoryError

    writer = writer_for(server.url, spool, ReplacePolicy(on_step=die))
    writer.write(each.old)
    with pytest.raises(MemoryError):
        writer.write(each.new, if_exists="replace")
    (file,) = spool.glob("*.jsonl.gz")
    return gzip.decompress(file.read_bytes())


def come_in(server: LocalVictoriaMetrics, body: bytes) -> None:
    """Let the server take what a client has sent that is dead by now."""
    requests.post(f"{server.url}/api/v1/import", body, timeout=30).raise_for_status()


def test_what_a_killed_client_has_sent_is_waited_for_and_not_imported_beside_it(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server, each, steps = start_victoria_metrics(), Round(13, 3, 400, "", "", 0.0), list[str]()
    body = begun(server, each, tmp_path)
    late = threading.Timer(2.0, come_in, (server, body))

    def note(step: str) -> None:
        steps.append(step)
        if steps == ["durable"]:
            late.start()

    writer_for(server.url, tmp_path, ReplacePolicy(durable_after_s=0.2, on_step=note)).replay()
    late.join()
    assert steps == ["durable", "compared"] * 2  # nothing had to be deleted once more
    assert read(server.url, each.seed) == each.expected(each.new)


def test_a_server_that_is_slow_to_come_to_rest_is_not_given_up(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    """What comes in late makes copies, round for round, longer than four of them."""
    server, each, steps = start_victoria_metrics(), Round(14, 3, 400, "", "", 0.0), list[str]()
    body = begun(server, each, tmp_path)
    come_in(server, body)

    def note(step: str) -> None:
        steps.append(step)
        if step == "durable" and steps.count(step) <= 6:
            come_in(server, body)

    writer_for(server.url, tmp_path, ReplacePolicy(durable_after_s=0.2, on_step=note)).replay()
    assert steps.count("durable") == 7
    assert read(server.url, each.seed) == each.expected(each.new)
    assert not list(tmp_path.glob("*.jsonl.gz"))


def test_what_the_server_does_not_keep_is_left_to_a_replay_which_completes_it(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server, each = start_victoria_metrics(), Round(15, 3, 400, "", "", 0.0)
    body = begun(server, each, tmp_path)
    come_in(server, body)

    def disturb(step: str) -> None:
        if step == "durable":
            come_in(server, body)

    policy = ReplacePolicy(durable_after_s=0.2, give_up_after_s=3.0, on_step=disturb)
    told = (
        r"did not keep what was imported, in [4-9] attempts and ([3-9]|[1-9][0-9]+) s; "
        rf"all of it is in '{tmp_path}'; see the server's log, and run vm-df-writer replay on "
        "that folder"
    )
    with pytest.raises(SpoolError, match=told):
        writer_for(server.url, tmp_path, policy).replay()
    writer_for(server.url, tmp_path, BRIEFLY).replay()
    assert read(server.url, each.seed) == each.expected(each.new)
    assert not list(tmp_path.glob("*.jsonl.gz"))


def test_a_set_that_is_not_whole_is_removed_since_nothing_was_deleted(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server, each = start_victoria_metrics(), Round(9, 3, 400, "client", "kept", 0.0)

    def die(_: str) -> None:
        raise MemoryError

    writer = writer_for(server.url, tmp_path, ReplacePolicy(on_step=die))
    writer.write(each.old)
    with pytest.raises(MemoryError):
        writer.write(each.new, if_exists="replace")
    (sidecar,) = [path for path in tmp_path.glob("*.json") if not path.name.startswith(".")]
    sidecar.write_text(sidecar.read_text().replace('"last": true', '"last": false'))
    writer_for(server.url, tmp_path, BRIEFLY).replay()
    assert not list(tmp_path.glob("*.jsonl.gz"))
    assert writer.verify(each.old).ok


def test_a_server_that_goes_away_leaves_all_that_is_not_replaced_to_a_replay(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server, each = start_victoria_metrics(), Round(10, 3, 400, "server", "deleted", 0.0)

    def stop(step: str) -> None:
        if step == "deleted":
            server.stop()

    policy = ReplacePolicy(durable_after_s=0.2, on_step=stop)
    writer = writer_for(server.url, tmp_path, policy, retry_deadline="1s")
    writer.write(each.old)
    report = writer.write(each.new, if_exists="replace")
    assert (report.samples, report.undelivered) == (0, 300)
    assert len(report.spooled) == 1
    server.start()
    replayed = writer_for(server.url, tmp_path, BRIEFLY).replay()
    assert replayed.undelivered == 0
    assert writer.verify(each.new).ok
    assert writer.verify(each.old.drop(each.new.index)).ok


def test_a_damaged_file_of_a_set_is_left_to_the_user(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server, each = start_victoria_metrics(), Round(11, 3, 400, "client", "deleted", 0.0)

    def die(step: str) -> None:
        if step == "deleted":
            raise MemoryError

    writer = writer_for(server.url, tmp_path, ReplacePolicy(on_step=die))
    writer.write(each.old)
    with pytest.raises(MemoryError):
        writer.write(each.new, if_exists="replace")
    (file,) = tmp_path.glob("*.jsonl.gz")
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    writer = writer_for(server.url, tmp_path, BRIEFLY)
    with pytest.raises(SpoolError, match=r"1 of 1 files are left to you: .*it is damaged"):
        writer.replay()
    with pytest.raises((SpoolError, ReplaceError)):
        writer.write(each.new, if_exists="replace")
    file.write_bytes(whole)
    writer.replay()
    assert writer.verify(each.new).ok
