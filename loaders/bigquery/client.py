"""Google's client, set up once: project, location and the ceiling on what a query may cost."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator
from requests.exceptions import RequestException

from loaders.config import BigQuerySettings
from loaders.landing import CannotLand

# What the client raises when BigQuery, or the way to it, says no.
REFUSED = (GoogleAPIError, GoogleAuthError, RequestException)
RETRY = bigquery.DEFAULT_RETRY.with_timeout(60)  # the spool and the next run are more patient than Google's ten minutes

_KINDS = {str: "STRING", int: "INT64", float: "FLOAT64"}


@cache
def client(settings: BigQuerySettings) -> bigquery.Client:
    """A client with the application default credentials, or the key that GOOGLE_APPLICATION_CREDENTIALS names."""
    limit = bigquery.QueryJobConfig(maximum_bytes_billed=settings.max_bytes_billed)
    return bigquery.Client(settings.project, location=settings.location, default_query_job_config=limit)


def read(settings: BigQuerySettings, sql: str, values: Mapping[str, Any] | None = None) -> pa.Table:
    """The rows of a query with named parameters."""
    return rows(settings, sql, values).to_arrow(create_bqstorage_client=False)


def rows(settings: BigQuerySettings, sql: str, values: Mapping[str, Any] | None = None) -> RowIterator:
    """The same, page by page.

    Raises:
        CannotLand: BigQuery did not answer; the message says why.
    """
    config = bigquery.QueryJobConfig(query_parameters=[_parameter(*item) for item in (values or {}).items()])
    try:
        return client(settings).query_and_wait(sql, job_config=config, page_size=1000, retry=RETRY)
    except REFUSED as error:
        raise CannotLand(f"cannot ask project {settings.project} what it holds: {why(error)}") from error


def why(error: BaseException) -> str:
    """What Google said, in a line; if it was asked again and again, what it said last."""
    error = getattr(error, "cause", None) or error
    return str(getattr(error, "message", None) or error).splitlines()[0].rstrip(".")


def _parameter(name: str, value):
    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, "STRING", value)
    kind = _KINDS.get(type(value)) or type(value).__name__.replace("datetime", "timestamp").upper()
    return bigquery.ScalarQueryParameter(name, kind, value)
