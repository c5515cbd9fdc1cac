"""Fills the Google Sheet: its layout when that changed, its data in one call at every refresh.

Data are written RAW, so a text that looks like a formula stays a text; formulas are part of the layout, which no data
reach. Every block of data is written whole, empty cells included, so that nothing stale stays behind.
"""

from datetime import UTC, datetime

import gspread
import requests
from gspread.utils import rowcol_to_a1

from loaders.config import Settings
from loaders.publish.exposures import CannotPublish, Exposure, Rows, read_exposure, read_tables
from loaders.publish.google import open_sheet
from loaders.publish.settings import SheetsSettings
from loaders.publish.sheet_blocks import Block, blocks
from loaders.publish.sheet_layout import LAYOUT_VERSION, TABS, layout_formulas, layout_requests

EXPOSURE = "google_sheet"
MARK = "'Data_Hidden'!A1"


def publish_sheets(settings: Settings, sheets: SheetsSettings) -> str:
    """Refreshes the sheet and returns its address.

    Raises:
        CannotPublish: nothing was built, or Google refused; what the sheet showed before is as it was.
        ConfigError: the service account's key file cannot be used.
    """
    exposure = read_exposure(settings, EXPOSURE)
    written = data_of(exposure, read_tables(settings, exposure), datetime.now(UTC))
    sheet = open_sheet(sheets)
    try:
        lay_out(sheet, exposure)
        sheet.values_batch_update({"valueInputOption": "RAW", "data": written})
    except (gspread.exceptions.APIError, requests.RequestException) as error:
        raise CannotPublish(f"Google Sheets: {error}") from None
    return f"https://docs.google.com/spreadsheets/d/{sheet.id}"


def data_of(exposure: Exposure, tables: dict[str, Rows], published_at: datetime) -> list[dict]:
    """Every block as a range and its values."""
    found = blocks(exposure, tables, published_at)
    return [{"range": _range(block), "values": block.cells()} for block in found] + [
        {"range": MARK, "values": [[_layout(exposure)]]}
    ]


def _layout(exposure: Exposure) -> str:
    """The name of the layout that these figures need."""
    return f"layout {LAYOUT_VERSION}, decimals {' '.join(str(kpi.decimals) for kpi in exposure.meta.kpis)}"


def lay_out(sheet: gspread.Spreadsheet, exposure: Exposure) -> None:
    """Makes tabs, formats and formulas, unless the sheet has this version of them."""
    held = {tab.title: tab.id for tab in sheet.worksheets()}
    if set(TABS) <= set(held) and _mark(sheet) == _layout(exposure):
        return
    missing = [tab for title, tab in TABS.items() if title not in held]
    if missing:
        replies = sheet.batch_update({"requests": [{"addSheet": {"properties": tab}} for tab in missing]})["replies"]
        held |= {r["addSheet"]["properties"]["title"]: r["addSheet"]["properties"]["sheetId"] for r in replies}
    sheet.batch_update({"requests": layout_requests(held, [k.decimals for k in exposure.meta.kpis])})
    sheet.values_batch_update({"valueInputOption": "USER_ENTERED", "data": layout_formulas()})


def _mark(sheet: gspread.Spreadsheet) -> str | None:
    values = sheet.values_batch_get([MARK])["valueRanges"][0].get("values")
    return values[0][0] if values else None


def _range(block: Block) -> str:
    first = rowcol_to_a1(block.row, block.column)
    last = rowcol_to_a1(block.row + block.rows - 1, block.column + block.columns - 1)
    return f"'{block.tab}'!{first}:{last}"
