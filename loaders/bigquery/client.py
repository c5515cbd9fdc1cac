"""Google's client, set up once: project, location and the ceiling on what a query may cost."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.table import RowIterator
from requests.exceptions import RequestException

from loaders.config import BigQuerySettings
from loaders.held import CannotLand, NothingThere

Values = Mapping[str, Any]

# What the client raises when BigQuery, or the way to it, says no.
REFUSED = (GoogleAPIError, GoogleAuthError, RequestException)
RETRY = bigquery.DEFAULT_RETRY.with_timeout(60)  # the spool and the next run are more patient than Google's ten minutes

_KINDS = {str: "STRING", int: "INT64", float: "FLOAT64"}


@cache
def client(settings: BigQuerySettings) -> bigquery.Client:
    """A client with the application default credentials, or the key that GOOGLE_APPLICATION_CREDENTIALS names."""
    limit = bigquery.QueryJobConfig(maximum_bytes_billed=settings.max_bytes_billed)
    return bigquery.Client(settings.project, location=settings.location, default_query_job_config=limit)


def read(settings: BigQuerySettings, sql: str, values: Values | None = None, dataset: str | None = None) -> pa.Table:
    """The rows of a query with named parameters."""
    with _refusals(settings):
        return rows(settings, sql, values, dataset, None).to_arrow(create_bqstorage_client=False)


def rows(
    settings: BigQuerySettings,
    sql: str,
    values: Values | None = None,
    dataset: str | None = None,
    page_size: int | None = 1000,
) -> RowIterator:
    """The same, page by page. ``dataset`` is where tables are that are named without one.

    Raises:
        NothingThere: a table does not exist.
        CannotLand: BigQuery did not answer; the message says why.
    """
    config = bigquery.QueryJobConfig(query_parameters=[_parameter(*item) for item in (values or {}).items()])
    if dataset:
        config.default_dataset = f"{settings.project}.{dataset}"
    with _refusals(settings):
        return client(settings).query_and_wait(sql, job_config=config, page_size=page_size, retry=RETRY)


@contextmanager
def _refusals(settings: BigQuerySettings) -> Iterator[None]:
    try:
        yield
    except REFUSED as error:
        kind = NothingThere if isinstance(error, NotFound) else CannotLand
        raise kind(f"cannot ask project {settings.project} what it holds: {why(error)}") from error


def table_facts(settings: BigQuerySettings, name: str) -> bigquery.Table:
    """When a table was written last and how it is cut, which costs nothing to ask; ``name`` with its dataset."""
    with _refusals(settings):
        return client(settings).get_table(f"{settings.project}.{name}", retry=RETRY)


def why(error: BaseException) -> str:
    """What Google said, in a line; if it was asked again and again, what it said last."""
    error = getattr(error, "cause", None) or error
    said = [one["message"] for one in getattr(error, "errors", []) if isinstance(one, dict) and one.get("message")]
    return str(said[0] if said else getattr(error, "message", None) or error).splitlines()[0].rstrip(".")


def _parameter(name: str, value):
    if isinstance(value, list):
        return bigquery.ArrayQueryParameter(name, "STRING", value)
    kind = _KINDS.get(type(value)) or type(value).__name__.replace("datetime", "timestamp").upper()
    return bigquery.ScalarQueryParameter(name, kind, value)
