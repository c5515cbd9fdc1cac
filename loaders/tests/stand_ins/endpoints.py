"""Elexon's endpoints as Elexon names them: what each needs, and how its answer is wrapped.

Kept apart from the catalogue on purpose: a path or parameter that the catalogue gets wrong meets the same 404 here
as at Elexon, whose gateway routes by path and required parameters.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

TABLE = Path(__file__).with_name("endpoints.tsv")


@dataclass(frozen=True)
class Endpoint:
    """One line of the table."""

    path: str
    answer: Literal["array", "data", "metadata", "object"]
    required: tuple[str, ...]
    optional: tuple[str, ...]
    longest: str  # "7 days", "1 hour"; empty where no limit is known

    @property
    def parameters(self) -> tuple[str, ...]:
        """Every query parameter that means something here; all others are ignored."""
        return self.required + self.optional

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches a path; its groups are the holes of the template."""
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path))


@cache
def endpoints() -> dict[str, Endpoint]:
    """All endpoints by path template."""
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")][1:]
    table = {}
    for line in lines:
        path, answer, required, optional, longest = (line.split("\t") + [""] * 4)[:5]
        table[path] = Endpoint(path, answer, tuple(required.split()), tuple(optional.split()), longest)
    return table


@cache
def _templates() -> list[tuple[re.Pattern[str], Endpoint]]:
    return [(endpoint.pattern, endpoint) for endpoint in endpoints().values() if "{" in endpoint.path]


def find(path: str) -> tuple[Endpoint, dict[str, str]] | None:
    """The endpoint that answers a path, with the values in its holes."""
    if path in endpoints() and "{" not in path:
        return endpoints()[path], {}
    for pattern, endpoint in _templates():
        if match := pattern.fullmatch(path):
            return endpoint, match.groupdict()
    return None
