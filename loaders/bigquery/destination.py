"""dlt's BigQuery destination, made to load each file once however often it has to try."""

from typing import cast

from dlt.common.storages.load_storage import ParsedLoadJobFileName
from dlt.destinations import bigquery as _bigquery
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient, BigQueryLoadJob
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import LoadJob


class OnceClient(BigQueryClient):
    """Starts a load job only if no earlier try of the same file did.

    dlt puts the number of the try into the job's id, so that a job that failed can be repeated under another id. But
    a connection that breaks after BigQuery got the file looks like a failure too: repeated, the rows would be there
    twice. So the ids of the earlier tries are looked up first.
    """

    def _create_load_job(self, table, file_path: str) -> LoadJob:
        name = ParsedLoadJobFileName.parse(file_path)
        google = self.sql_client.native_connection
        for number in range(name.retry_count):
            earlier = name._replace(retry_count=number).file_name()
            try:
                job = cast(LoadJob, google.get_job(BigQueryLoadJob.get_job_id_from_file_path(earlier)))
            except NotFound:
                continue
            if not job.done() or job.error_result is None:
                return job
        return super()._create_load_job(table, file_path)


class once_bigquery(_bigquery):  # noqa: N801 - dlt names a destination after its class
    """``dlt.destinations.bigquery`` with :class:`OnceClient`."""

    @property
    def client_class(self) -> type[OnceClient]:
        """What talks to BigQuery."""
        return OnceClient


once_bigquery.register()
