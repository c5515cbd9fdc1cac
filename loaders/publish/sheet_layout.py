"""Where everything is on the Google Sheet and how it looks. Change it, and raise LAYOUT_VERSION."""

from gspread.utils import rowcol_to_a1

LAYOUT_VERSION = 1

LIVE, TODAY, BATTERIES = "GB_Live", "Data_Hidden", "Battery_BM_Revenue"
PERIODS = 50  # the most that a settlement day has
KPI_ROOM, FUEL_ROOM, LINK_ROOM, FRESHNESS_ROOM, SERIES_ROOM, BATTERY_ROOM = 12, 12, 12, 110, 45, 100
KPIS = 5  # first rows of the blocks on GB_Live; the row above each holds its headings
FUELS = KPIS + KPI_ROOM + 2
LINKS = FUELS + FUEL_ROOM + 2
FRESHNESS = LINKS + LINK_ROOM + 2


def _tab(title: str, rows: int, columns: int, **properties) -> dict:
    grid = {"rowCount": rows, "columnCount": columns, "frozenRowCount": 2}
    return {"title": title, "gridProperties": grid, **properties}


TABS = {
    LIVE: _tab(LIVE, FRESHNESS + FRESHNESS_ROOM, 6),
    TODAY: _tab(TODAY, 4 + SERIES_ROOM, 1 + PERIODS, hidden=True),
    BATTERIES: _tab(BATTERIES, 3 + BATTERY_ROOM, 10),
}
HEADINGS = {
    (LIVE, KPIS): ["Now", "Value", "Unit", "As of, London", "Age", "If missing, why"],
    (LIVE, FUELS): ["Generation", "GW", "Share", "", "", ""],
    (LIVE, LINKS): ["Interconnectors", "GW", "Direction", "Country", "", ""],
    (LIVE, FRESHNESS): ["Data", "What", "Newest event, London", "Age", "Periods missing", ""],
    (TODAY, 4): ["Settlement period", *range(1, PERIODS + 1)],
    (BATTERIES, 3): [
        *("Rank", "Unit", "Name", "Day", "Offers MWh", "Bids MWh", "£", "£/MWh", "£ in 7 days", "£ in 30 days"),
    ],
}  # fmt: skip
WIDTHS = {LIVE: [190, 210, 150, 150, 130, 260], BATTERIES: [50, 110, 220, 90, 90, 90, 90, 80, 100, 100]}
DARK = {"red": 0.12, "green": 0.22, "blue": 0.29}
WHITE = {"red": 1, "green": 1, "blue": 1}
OUT, BACK = "#2f8fb3", "#d98032"


def layout_requests(ids: dict[str, int], decimals: list[int]) -> list[dict]:
    """Sizes and formats, as requests of spreadsheets.batchUpdate.

    Args:
        ids: the sheet ids by title.
        decimals: of each headline figure, from the top.
    """
    requests: list[dict] = []
    for title, tab in TABS.items():
        given = {"sheetId": ids[title], **tab}
        fields = ",".join(["title", "gridProperties", *(["hidden"] if "hidden" in tab else [])])
        requests.append({"updateSheetProperties": {"properties": given, "fields": fields}})
        for number, width in enumerate(WIDTHS.get(title, [])):
            where = {"sheetId": ids[title], "dimension": "COLUMNS", "startIndex": number, "endIndex": number + 1}
            change = {"range": where, "properties": {"pixelSize": width}, "fields": "pixelSize"}
            requests.append({"updateDimensionProperties": change})
    title_look = {"textFormat": {"bold": True, "fontSize": 16}}
    heading_look = {"textFormat": {"bold": True, "foregroundColor": WHITE}, "backgroundColor": DARK}
    for title in (LIVE, BATTERIES):
        requests.append(_look(ids[title], (1, 1), (1, 1), title_look))
    for (title, row), names in HEADINGS.items():
        requests.append(_look(ids[title], (row - 1, 1), (row - 1, len(names)), heading_look))
    for row, room, column, pattern in (
        *((KPIS + number, 1, 2, "#,##0" + "." * (places > 0) + "0" * places) for number, places in enumerate(decimals)),
        (FUELS, FUEL_ROOM, 2, "0.00"),
        (FUELS, FUEL_ROOM, 3, "0.0%"),
        (LINKS, LINK_ROOM, 2, "0.00"),
    ):
        look = {"numberFormat": {"type": "NUMBER", "pattern": pattern}, "horizontalAlignment": "RIGHT"}
        requests.append(_look(ids[LIVE], (row, column), (row + room - 1, column), look))
    money = {"numberFormat": {"type": "NUMBER", "pattern": "#,##0.00"}}
    requests.append(_look(ids[BATTERIES], (3, 5), (2 + BATTERY_ROOM, 10), money))
    return requests


def layout_formulas() -> list[dict]:
    """Headings and the bars within cells, as ranges with values."""
    written = [
        {"range": f"'{LIVE}'!A1", "values": [["GB electricity"]]},
        {"range": f"'{BATTERIES}'!A1", "values": [["Batteries by their cash from the Balancing Mechanism"]]},
    ]
    for (tab, row), names in HEADINGS.items():
        last = rowcol_to_a1(row - 1, len(names))
        written.append({"range": f"'{tab}'!A{row - 1}:{last}", "values": [names]})
    for column, row, room in (("D", FUELS, FUEL_ROOM), ("E", LINKS, LINK_ROOM)):
        cells = [[_bar(f"B{r}", f"$B${row}:$B${row + room - 1}")] for r in range(row, row + room)]
        written.append({"range": f"'{LIVE}'!{column}{row}:{column}{row + room - 1}", "values": cells})
    return written


def _bar(cell: str, among: str) -> str:
    """A bar as long as the cell's share of the greatest of its block; another colour below zero."""
    most = f"MAX(MAX({among}),-MIN({among}))"
    colour = f'IF({cell}<0,"{BACK}","{OUT}")'
    return f'=IF({cell}="","",SPARKLINE(ABS({cell}),{{"charttype","bar";"max",{most};"color1",{colour}}}))'


def _look(sheet: int, first: tuple[int, int], last: tuple[int, int], look: dict) -> dict:
    where = {
        "sheetId": sheet, "startRowIndex": first[0] - 1, "endRowIndex": last[0],
        "startColumnIndex": first[1] - 1, "endColumnIndex": last[1],
    }  # fmt: skip
    fields = f"userEnteredFormat({','.join(look)})"
    return {"repeatCell": {"range": where, "cell": {"userEnteredFormat": look}, "fields": fields}}
