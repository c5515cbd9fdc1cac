"""What the arguments of commands mean: datasets, days, durations."""

import re
from datetime import date

import click

from loaders.catalogue import Dataset


class Duration(click.ParamType):
    """Such as 90s, 15m, 24h or 400d; in seconds."""

    name = "duration"
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}

    def convert(self, value, param, ctx) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+)([smhd])", value)
        if not found or not int(found[1]):
            self.fail(f"{value!r} is none such as 90s, 15m, 24h or 400d", param, ctx)
        return float(found[1]) * self.units[found[2]]


def day(option: str, text: str) -> date:
    """The day that an option names."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text!r} is not a date such as 2025-10-01") from None


def dataset_named(catalogue: dict[str, Dataset], name: str) -> Dataset:
    """The dataset of that name, in any case."""
    if name.upper() in catalogue:
        return catalogue[name.upper()]
    near = [known for known in catalogue if name.upper()[:3] in known]
    hint = f"; like it: {', '.join(near)}" if near else ""
    raise click.UsageError(f"no dataset {name!r}{hint}. 'gb-power datasets' lists them")
