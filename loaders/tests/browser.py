"""A browser without a window, where the machine has one."""

import shutil
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)


def command(page: Path, profile: Path, *options: str) -> list[str]:
    """Opens a page, gives its scripts four seconds of their own time, and does what the options say."""
    return [
        *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"),
        *("--virtual-time-budget=4000", *options, f"file://{page}"),
    ]
