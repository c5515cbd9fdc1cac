"""Settings of the Google Sheet."""

import os
from dataclasses import dataclass
from pathlib import Path

from loaders.config import ConfigError, read_env


@dataclass(frozen=True)
class SheetsSettings:
    """Which spreadsheet is filled, and as whom."""

    sheet_id: str
    key_file: Path
    endpoint: str | None  # another than Google's, for tests


def read_sheets_settings() -> SheetsSettings:
    """Settings of the Google Sheet.

    Raises:
        ConfigError: a variable that is missing.
    """
    read_env()
    for name, what in {
        "SHEETS_ID": "the part of the sheet's address between /d/ and /edit",
        "GOOGLE_APPLICATION_CREDENTIALS": "the path of a service account's key file",
    }.items():
        if not os.environ.get(name):
            raise ConfigError(f"{name} is not set: {what}")
    return SheetsSettings(
        sheet_id=os.environ["SHEETS_ID"],
        key_file=Path(os.environ["GOOGLE_APPLICATION_CREDENTIALS"]).expanduser(),
        endpoint=(os.environ.get("SHEETS_API_ENDPOINT") or "").rstrip("/") or None,
    )
