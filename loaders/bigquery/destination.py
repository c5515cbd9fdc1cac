"""dlt's BigQuery destination, made to load each file once however often it has to try."""

import warnings
from typing import cast

from dlt.common.storages.load_storage import ParsedLoadJobFileName
from dlt.destinations import bigquery as _bigquery
from dlt.destinations.exceptions import DestinationTerminalException
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient, BigQueryLoadJob
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.cloud.bigquery import LoadJob
from requests.exceptions import RequestException

# dlt asks for the Storage API only to read, which it does not do here.
warnings.filterwarnings("ignore", message="Cannot create BigQuery Storage client")


class OnceClient(BigQueryClient):
    """Starts a load job only if no earlier try of the same file did, and makes none of our tables.

    dlt puts the number of the try into the job's id, so that a job that failed can be repeated under another id. But
    a connection that breaks after BigQuery got the file looks like a failure too: repeated, the rows would be there
    twice. So the ids of this and of the earlier tries are looked up.
    """

    def _create_load_job(self, table, file_path: str) -> LoadJob:
        name = ParsedLoadJobFileName.parse(file_path)
        for number in range(name.retry_count):
            if job := self._job_of(name._replace(retry_count=number)):
                return job
        try:
            return super()._create_load_job(table, file_path)
        except (GoogleAPIError, RequestException):
            if job := self._job_of(name):
                return job
            raise

    def _job_of(self, name: ParsedLoadJobFileName) -> LoadJob | None:
        """The job of a try, unless it failed."""
        try:
            job = self.sql_client.native_connection.get_job(BigQueryLoadJob.get_job_id_from_file_path(name.file_name()))
        except NotFound:
            return None
        return cast(LoadJob, job) if not job.done() or job.error_result is None else None

    def _get_table_update_sql(self, table_name, new_columns, generate_alter: bool) -> list[str]:
        if not generate_alter and table_name not in self.schema.dlt_table_names():
            raise DestinationTerminalException(f"there is no table {table_name}; the next run makes it")
        return super()._get_table_update_sql(table_name, new_columns, generate_alter)


class once_bigquery(_bigquery):  # noqa: N801 - dlt names a destination after its class
    """``dlt.destinations.bigquery`` with :class:`OnceClient`."""

    @property
    def client_class(self) -> type[OnceClient]:
        """What talks to BigQuery."""
        return OnceClient


once_bigquery.register()
