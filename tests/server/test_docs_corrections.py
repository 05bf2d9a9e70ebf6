"""The table of docs/explanation/no_updates.md says what a server does: its cells are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.support.docs_pages import DOCS
from tests.support.replace_kills import is_old
from tests.support.replace_scene import DEDUPLICATION, writer_of
from tests.support.stored_seconds import frame
from vm_df_writer import SamplesExistError, VerificationError, VmWriter, WriteReport
from vm_df_writer.config.write_options import IfExists
from vm_df_writer.local import LocalVictoriaMetrics

DOC = DOCS / "explanation" / "no_updates.md"
N = 100
FIRST = 10
SAME = [[FIRST], [FIRST, FIRST]]
WRITTEN = {"the same, once and twice": SAME, "15": [[15]], "5": [[5]]}
WRITTEN["any of these"] = [*SAME, [15], [5]]

pytestmark = [
    pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning"),
    pytest.mark.filterwarnings("ignore::vm_df_writer.CopiesWarning"),
]


class Row(NamedTuple):
    """A row of the table, with what its empty cells repeat."""

    if_exists: IfExists | None
    written: str
    plain: str
    deduplicated: str


def rows() -> Iterator[Row]:
    """Read the table."""
    keyword = ""
    table = DOC.read_text().split("| `if_exists` | Written next |")[1].split("\n\n")[0]
    for line in table.splitlines()[2:]:
        first, written, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        keyword = first or keyword
        if_exists = None if keyword == "left out" else keyword.strip('`"')
        yield Row(if_exists, written, *cells)  # type: ignore[arg-type]


def over_time(server: LocalVictoriaMetrics, name: str, what: str) -> int:
    """Return the count or the sum of all samples, as a query sees them."""
    end = frame([0.0] * N)["time"].iloc[-1].timestamp()
    query = {"query": f"{what}_over_time({name}_y[{2 * N}s])", "time": str(end + 1), "nocache": "1"}
    answer = requests.get(f"{server.url}/api/v1/query", query, timeout=30).json()
    return int(answer["data"]["result"][0]["value"][1])


def outcome(writer: VmWriter, values: list[int], if_exists: IfExists | None) -> str:
    """Write, and say in the words of the table what becomes of it."""
    report: WriteReport | None = None
    try:
        for value in values:
            report = writer.write(frame([value] * N), if_exists=if_exists, verify=True)
    except SamplesExistError:
        return "`SamplesExistError`"
    except VerificationError as error:
        found = error.verification
        assert found is not None
        if found.conflicting:
            return f"fails, {found.conflicting} conflicting"
        return f"fails, {found.mismatched} with another value"
    assert report is not None
    assert report.verification is not None
    if report.verification.copies:
        return "copies"
    sent = "" if report.requests else "nothing is sent"
    accepted = ", as asked for" if report.verification.conflicting else ""
    is_ok = "ok" if report.verification.expected else ""
    return ", ".join(filter(None, [sent, is_ok])) + accepted


def cell(server: LocalVictoriaMetrics, name: str, row: Row, folder: Path) -> Iterator[str]:
    """Play what a row says; give what the server answers to a query, and the outcome."""
    for number, values in enumerate(WRITTEN[row.written]):
        metric = f"{name}_{number}"
        with writer_of(server.url, metric, folder) as writer:
            writer.write(frame([FIRST] * N))
            said = outcome(writer, values, row.if_exists)
            count, total = over_time(server, metric, "count"), over_time(server, metric, "sum")
            differing = len(writer.diff(frame([values[-1]] * N)))
        # A row of diff for each copy and each other value.
        assert differing == count - N + (N if total == N * FIRST != N * values[-1] else 0)
        is_new = row.if_exists == "replace" and total != N * FIRST
        yield f"{count}, **{total}**: {said}" if is_new else f"{count}, {total}: {said}"


def joined(cells: list[str]) -> str:
    """Return cells of one outcome as the table writes them together."""
    shown = list(dict.fromkeys(cells))
    outcomes = {each.split(": ", 1)[1] for each in shown}
    assert len(outcomes) == 1, shown
    return " and ".join(each.split(": ")[0] for each in shown) + f": {outcomes.pop()}"


@pytest.mark.parametrize("row", [*rows()], ids=lambda row: f"{row.if_exists} {row.written}")
@pytest.mark.parametrize("flags", [(), (DEDUPLICATION,)], ids=["plain", "dedup"])
def test_the_table_of_corrections_is_true(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
    row: Row,
    flags: tuple[str, ...],
    name: str,
    tmp_path: Path,
) -> None:
    server = start_victoria_metrics(*flags)
    if flags and is_old(server):
        pytest.skip("before v1.86 which of equal times is seen is by chance")
    played = joined(list(cell(server, name, row, tmp_path)))
    assert played == (row.deduplicated if flags else row.plain)
