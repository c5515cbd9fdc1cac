"""What :class:`loaders.landing.Landing` does otherwise where BigQuery is the target."""

from pathlib import Path

from dlt.load.exceptions import LoadClientJobException, LoadClientJobTerminalRetry
from dlt.pipeline.exceptions import PipelineStepFailed

from loaders.bigquery.client import REFUSED, client, why
from loaders.bigquery.destination import once_bigquery
from loaders.bigquery.tables import layouts, make_tables
from loaders.config import BigQuerySettings
from loaders.landing import CannotLand, Refused


def destination(settings: BigQuerySettings) -> once_bigquery:
    """dlt's destination.

    Raises:
        CannotLand: there are no credentials.
    """
    project = settings.project
    try:
        client(settings)  # dlt, which finds them in the same places, would not say what is wrong with them
    except REFUSED as error:
        raise CannotLand(f"no credentials for project {project}: {why(error)}") from error
    return once_bigquery(project_id=project, location=settings.location)


def make_missing(settings: BigQuerySettings, schema: str, tables: dict, catalogue: dict) -> None:
    """Makes the tables that are not there, and gives the others the columns that they lack.

    Raises:
        CannotLand: as it says.
    """
    try:
        make_tables(settings, schema, tables, layouts(schema, catalogue))
    except REFUSED as error:
        where = f"{schema} in project {settings.project}"
        raise CannotLand(f"cannot make the tables of {where}: {why(error)}") from error


def explained(settings: BigQuerySettings, schema: str, error: PipelineStepFailed, package: Path) -> CannotLand:
    """Which table was not loaded, why, and where its rows are."""
    failed = error.exception
    cause, table = failed, ""
    if isinstance(failed, LoadClientJobException):
        cause, table = failed.client_exception, "." + failed.job_id.split(".")[0]
    while cause.__cause__:
        cause = cause.__cause__
    kind = Refused if isinstance(failed, LoadClientJobTerminalRetry) else CannotLand
    return kind(
        f"project {settings.project} did not take the rows of {schema}{table}: {why(cause)}. They wait in {package}"
    )
