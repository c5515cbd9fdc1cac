"""The time, which a rehearsal may move.

``GB_POWER_CLOCK`` names a file that holds a moment in ISO 8601, UTC. Then it is that moment, plus what has passed since
the file was written, in every process that has the variable: a test lets days go by without waiting for them. Not for
real data: everything that is landed carries this time.
"""

import os
from datetime import UTC, datetime
from pathlib import Path


def is_moved() -> bool:
    """Whether this is a rehearsal; dbt is told the moment as ``GB_POWER_NOW``."""
    return bool(os.environ.get("GB_POWER_CLOCK"))


def now() -> datetime:
    """The moment it is, UTC."""
    real = datetime.now(UTC)
    if not (file := os.environ.get("GB_POWER_CLOCK")):
        return real
    path = Path(file)
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return datetime.fromisoformat(path.read_text().strip()) + (real - written)
