"""The demo's last step: the page, the Sheet (filled over HTTP in a stand-in of Google's), and pictures of both."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from loaders.build import ROOT
from loaders.tests.browser import BROWSER, command
from loaders.tests.stand_ins.sheets import SHEET_ID, SheetsStandIn
from loaders.tests.stand_ins.sheets_picture import picture


def publish(home: Path, out: Console) -> None:
    """``gb-power publish page`` and ``gb-power publish sheets``; says where the results are."""
    folder = home / "page"
    _run(out, "page")
    with SheetsStandIn() as google:
        key = google.key_file(home)
        _run(out, "sheets", SHEETS_ID=SHEET_ID, SHEETS_API_ENDPOINT=google.url, GOOGLE_APPLICATION_CREDENTIALS=str(key))
        (folder / "sheet.html").write_text(picture(google.book), encoding="utf-8")
    shown = [folder / "index.html", folder / "sheet.html"]
    if BROWSER:
        shown += [_photograph(page, height) for page, height in zip(shown, (3250, 1700), strict=True)]
    else:
        out.print("No Chromium here: open the two pages yourself; with one, there would be pictures beside them.")
    for path in shown:
        out.print(f"  {os.path.relpath(path, ROOT)}", soft_wrap=True)


def _run(out: Console, what: str, **env: str) -> None:
    out.print(f"$ gb-power publish {what}")
    subprocess.run(
        [sys.executable, "-m", "loaders.cli", "publish", what],
        cwd=ROOT, env={**os.environ, **env}, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _photograph(page: Path, height: int) -> Path:
    target, profile = page.with_suffix(".png"), page.parent / ".browser"
    options = ("--hide-scrollbars", f"--window-size=1280,{height}", f"--screenshot={target}")
    subprocess.run(command(page, profile, *options), check=True, capture_output=True, timeout=120)
    shutil.rmtree(profile, ignore_errors=True)
    return target
