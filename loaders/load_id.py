"""The stamp that the rows of one load share, by which loads are put in order."""

import os
from datetime import UTC, datetime, timedelta

from loaders import clock
from loaders.config import Settings

FORMAT = "%Y%m%dT%H%M%S.%fZ"


def new_load_id(settings: Settings, schema: str) -> str:
    """A stamp for the rows of one load: when it was; and later loads of a schema sort later, whatever the clock did.

    Raises:
        OSError: it could not be written down, so it might be given again.
    """
    file, now = settings.home / f"{schema}.load", clock.now()
    if file.exists() and (last := file.read_text()):
        now = max(now, datetime.strptime(last, FORMAT).replace(tzinfo=UTC) + timedelta(microseconds=1))
    half = file.with_suffix(".load.tmp")
    half.write_text(now.strftime(FORMAT))
    os.replace(half, file)
    return now.strftime(FORMAT)
