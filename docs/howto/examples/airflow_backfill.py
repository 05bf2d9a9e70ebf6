"""An Airflow DAG that backfills the scores of a day once they are there."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=datetime(2026, 1, 1, tzinfo=UTC), max_active_runs=1)
def backfill_scores():
    """Write the scores of a day."""

    # A failed or killed try goes on where it ended: the state file is the day's own.
    @task(retries=5, retry_delay=timedelta(minutes=10), execution_timeout=timedelta(hours=6))
    def write(ds=None):
        from vm_df_writer import VmWriter
        from vm_df_writer.jobs import JobOptions, backfill

        report = backfill(
            f"/data/scores/day={ds}",
            VmWriter.from_yaml("/etc/vm-df-writer/writer.yaml"),
            state=f"/data/state/{ds}.sqlite",
            options=JobOptions(rate_limit=200_000, verify=True, retry_failed=True),
            progress=False,
        )
        if not report.ok:
            raise RuntimeError(str(report))
        return report.samples

    write()


backfill_scores()
