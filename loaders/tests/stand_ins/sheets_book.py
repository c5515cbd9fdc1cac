"""One spreadsheet in memory, which keeps to the rules of Google's Sheets API: grid limits, ranges, known requests."""

import re

KNOWN_REQUESTS = {
    "repeatCell", "updateDimensionProperties", "updateBorders", "mergeCells", "addConditionalFormatRule",
    "addProtectedRange", "setBasicFilter", "autoResizeDimensions",
}  # fmt: skip


class ApiError(Exception):
    """An error as Google words it."""

    def __init__(self, code: int, status: str, message: str):
        super().__init__(message)
        self.code, self.status = code, status


class Book:
    """One spreadsheet: tabs, cells, formats."""

    def __init__(self):
        self.tabs: list[dict] = []
        self.cells: dict[str, dict[tuple[int, int], object]] = {}
        self.formats: list[dict] = []
        self.add_tab({"title": "Sheet1"})

    def values(self, tab: str) -> list[list]:
        """The cells of a tab from A1 to the last that holds anything; empty ones are ''."""
        cells = {at: value for at, value in self.cells[tab].items() if value != ""}
        rows, columns = max((r for r, _ in cells), default=0), max((c for _, c in cells), default=0)
        return [[cells.get((r, c), "") for c in range(1, columns + 1)] for r in range(1, rows + 1)]

    def add_tab(self, given: dict) -> dict:
        if given["title"] in self.cells:
            raise ApiError(400, "INVALID_ARGUMENT", f'A sheet with the name "{given["title"]}" already exists.')
        grid = {"rowCount": 1000, "columnCount": 26, **given.get("gridProperties", {})}
        number = max((tab["sheetId"] for tab in self.tabs), default=-1) + 1
        tab = {"sheetId": number, "index": len(self.tabs), "sheetType": "GRID", **given, "gridProperties": grid}
        self.tabs.append(tab)
        self.cells[tab["title"]] = {}
        return tab

    def check(self, where: str, rows: list[list]) -> None:
        """Refuses a rectangle as Google does."""
        tab, (top, left, bottom, right) = self._range(where)
        grid = tab["gridProperties"]
        if top + len(rows) - 1 > bottom or any(left + len(row) - 1 > right for row in rows):
            raise ApiError(400, "INVALID_ARGUMENT", f"Requested writing within range [{where}], but tried outside it")
        if bottom > grid["rowCount"] or right > grid["columnCount"]:
            limits = f"Max rows: {grid['rowCount']}, max columns: {grid['columnCount']}"
            raise ApiError(400, "INVALID_ARGUMENT", f"Range ({where}) exceeds grid limits. {limits}")
        if any(isinstance(value, list | dict) for row in rows for value in row):
            raise ApiError(400, "INVALID_ARGUMENT", "Invalid values: list_value")

    def put(self, where: str, rows: list[list], raw: bool) -> int:
        """Writes a rectangle as values.update does: null leaves a cell alone, a formula is one unless written raw."""
        tab, (top, left, *_) = self._range(where)
        for r, row in enumerate(rows, top):
            for c, value in enumerate(row, left):
                if raw and isinstance(value, str) and value[:1] in "=+":
                    value = Text(value)
                if value is not None:
                    self.cells[tab["title"]][r, c] = value
        return sum(len(row) for row in rows)

    def get(self, where: str) -> list[list]:
        """A rectangle as values.get answers it: without what is empty at the ends."""
        tab, (top, left, bottom, right) = self._range(where)
        cells = self.cells[tab["title"]]
        rows = [[cells.get((r, c), "") for c in range(left, right + 1)] for r in range(top, bottom + 1)]
        for row in rows:
            while row and row[-1] == "":
                row.pop()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def change(self, request: dict) -> dict:
        """One request of spreadsheets.batchUpdate."""
        kind, what = next(iter(request.items()))
        if kind == "addSheet":
            return {kind: {"properties": self.add_tab(what["properties"])}}
        if kind == "deleteSheet":
            gone = next(tab for tab in self.tabs if tab["sheetId"] == what["sheetId"])
            self.tabs.remove(gone)
            del self.cells[gone["title"]]
        elif kind == "updateSheetProperties":
            self._rename(what)
        elif kind in KNOWN_REQUESTS:
            self.formats.append(request)
        else:
            raise ApiError(400, "INVALID_ARGUMENT", f'Invalid JSON payload received. Unknown name "{kind}"')
        return {}

    def _rename(self, what: dict) -> None:
        given = what["properties"]
        tab = next((tab for tab in self.tabs if tab["sheetId"] == given.get("sheetId", 0)), None)
        if tab is None:
            raise ApiError(400, "INVALID_ARGUMENT", f"No sheet with id: {given.get('sheetId')}")
        if "title" in what["fields"]:
            self.cells[given["title"]] = self.cells.pop(tab["title"])
        tab["gridProperties"].update(given.get("gridProperties", {}))
        tab.update({name: value for name, value in given.items() if name != "gridProperties"})

    def _range(self, where: str) -> tuple[dict, tuple[int, int, int, int]]:
        found = re.fullmatch(r"(?:'((?:[^']|'')+)'|(\w+))!([A-Z]+)(\d+)(?::([A-Z]+)(\d+))?", where)
        name = (found[1] or found[2]).replace("''", "'") if found else None
        tab = next((tab for tab in self.tabs if tab["title"] == name), None)
        if not tab:
            raise ApiError(400, "INVALID_ARGUMENT", f"Unable to parse range: {where}")
        top, left = int(found[4]), _column(found[3])
        return tab, (top, left, int(found[6] or top), _column(found[5] or found[3]))


class Text(str):
    """A string that looks like a formula and is not one."""


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
