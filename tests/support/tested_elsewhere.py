"""Which module a test is about: the file that it is named after, or one that stands here.

What stands here needs a server, a worker process or a broken connection, or is but declarations.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "vm_df_writer"
UNIT_TESTS = sorted((ROOT / "tests" / "unit").rglob("test_*.py"))

TESTED_ELSEWHERE = {
    "faults/test_sender.py": ["delivery.dispatch", "delivery.sender"],
    "faults/test_sender_zstd.py": ["delivery.encoded_body"],
    "faults/test_spooling.py": ["operations.replay"],
    "server/test_backfill.py": [
        "jobs.backfill", "jobs.look_ahead", "jobs.workers.results", "jobs.workers.task_runner",
        "jobs.workers.tasks",
    ],
    "server/test_backfill_spool.py": ["jobs.workers.part_endings"],
    "server/test_backtest.py": ["alerting.backtest", "alerting.vmalert"],
    "server/test_dask.py": ["jobs.dask", "jobs.partition", "jobs.partition_survey"],
    "server/test_foretelling.py": ["jobs.estimate"],
    "server/test_reading_elsewhere.py": ["verification.read_back_policy"],
    "server/test_receipts.py": ["operations.receipts.verify_receipt"],
    "server/test_replace.py": [
        "delivery.replace_policy", "operations.existing.gatherer",
        "operations.existing.replacement", "operations.existing.rewriter",
        "operations.existing.whole_series",
    ],
    "server/test_sharing.py": ["reader"],
    "server/test_spark.py": ["jobs.spark"],
    "server/test_verify.py": [
        "operations.verify", "verification.export.piece_reader",
        "verification.export.sample_source", "verification.series_counter",
    ],
    "server/test_write.py": ["delivery.backend", "operations.observed_write"],
    "test_consumer.py": ["pytest_plugin"],
    "unit/config/test_contradictions.py": ["config.request_types"],
    "unit/jobs/overlap/test_other_parts.py": ["jobs.errors"],
    "unit/jobs/state/test_job_receipt.py": ["jobs.state.receipt_table"],
    "unit/jobs/state/test_store.py": ["jobs.state.outcome", "jobs.state.source_table"],
    "unit/operations/plots/test_plot.py": ["display.plot"],
    "unit/server/test_receivers.py": ["transport.receiver"],
    "unit/operations/test_write.py": ["config.write_options"],
    "unit/test_accessor.py": ["default_writer"],
    "unit/test_errors.py": ["warning_classes"],
}  # fmt: skip


def module_of(test: Path) -> str | None:
    """``test_session.py``, or ``test_session_no_answer.py``, is about the session beside it."""
    folder = test.parent.relative_to(ROOT / "tests" / "unit")
    stems = [module.stem for module in (ROOT / PACKAGE / folder).glob("*.py")]
    found = [stem for stem in stems if f"{test.stem}_".startswith(f"test_{stem}_")]
    return ".".join([*folder.parts, max(found, key=len)]) if found else None


def unit_tests_of(module: Path) -> list[Path]:
    """Return the files of unit tests that are about a file of the package."""
    name = ".".join(module.relative_to(ROOT / PACKAGE).with_suffix("").parts)
    elsewhere = [ROOT / "tests" / test for test, names in TESTED_ELSEWHERE.items() if name in names]
    return [path for path in UNIT_TESTS if module_of(path) == name or path in elsewhere]
