"""The stamp that the rows of one load share, by which loads are put in order."""

from datetime import UTC, datetime, timedelta

from loaders import clock
from loaders.config import Settings
from loaders.whole_text import write_whole

FORMAT = "%Y%m%dT%H%M%S.%fZ"


def new_load_id(settings: Settings, schema: str) -> str:
    """A stamp for the rows of one load: when it was; and later loads of a schema sort later, whatever the clock did.

    Raises:
        OSError: it could not be written down, so it might be given again.
    """
    file, now = settings.home / f"{schema}.load", clock.now()
    if file.exists() and (last := file.read_text()):
        now = max(now, datetime.strptime(last, FORMAT).replace(tzinfo=UTC) + timedelta(microseconds=1))
    write_whole(file, now.strftime(FORMAT))
    return now.strftime(FORMAT)
