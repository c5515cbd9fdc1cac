"""Load jobs that a kill does not make happen twice."""

import os
import time
from pathlib import Path
from uuid import uuid4

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from loaders.bigquery.client import client
from loaders.bigquery.raw_table import RawTable
from loaders.config import BigQuerySettings


class LoadJobs:
    """One load job after the other. Which one is under way is noted on the disk before it begins.

    BigQuery takes the rows of a job all or not at all, but goes on with it when we are killed. So whoever asks what
    BigQuery holds has to wait for that job first: :meth:`finish`.
    """

    def __init__(self, settings: BigQuerySettings, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._google = client(settings)
        self._note = folder / f"{settings.project}.job"

    def finish(self) -> None:
        """Waits for the job that a killed run left under way; whether its rows are there, BigQuery says then."""
        if not self._note.exists():
            return
        try:
            job = self._google.get_job(self._note.read_text())
            while not job.done():
                time.sleep(1)
        except NotFound:
            pass  # the kill came before all of the file was there
        self._note.unlink()

    def load(self, table: RawTable, path: Path) -> None:
        """Adds the rows of a Parquet file to a table that exists."""
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
        )
        job_id = f"gb_power_migrate_{uuid4().hex}"
        with self._note.open("w") as note:
            note.write(job_id)
            note.flush()
            os.fsync(note.fileno())
        target = f"{self._google.project}.{table}"
        with path.open("rb") as file:
            job = self._google.load_table_from_file(file, target, job_id=job_id, job_config=config)
        job.result()
        self._note.unlink()
