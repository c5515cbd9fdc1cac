"""What dbt's gap tests need to know of the catalogue, as a seed."""

import csv
import io

from loaders.catalogue import Dataset

FIELDS = ("dataset", "title", "cadence", "first_day", "published_after_minutes", "iris_names")


def catalogue_csv(catalogue: dict[str, Dataset]) -> str:
    """One line per dataset: how often a complete history has a reading, and when the last one can be there."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(FIELDS)
    for entry in catalogue.values():
        lines.writerow([
            entry.dataset,
            entry.title,
            _cadence(entry),
            entry.cadence.first_day if entry.cadence else None,
            round(entry.rest.published_after_hours * 60) if entry.rest else None,
            "|".join(entry.iris.names) if entry.iris else None,
        ])  # fmt: skip
    return text.getvalue()


def _cadence(entry: Dataset) -> str | None:
    if entry.cadence:
        return entry.cadence.every
    return "day" if entry.rest and entry.rest.empty == "failure" else None  # at least a row a day
