"""Draws what the Sheets stand-in holds as a web page: values, formats and bars, so that one can look at it."""

import html
import re

from loaders.tests.stand_ins.sheets_book import Book, Text

STYLE = """
body{font:13px Arial,Helvetica,sans-serif;margin:16px;color:#222}
table{border-collapse:collapse;margin:6px 0 28px}
td{border:1px solid #e2e2e2;padding:3px 8px;height:20px;white-space:nowrap}
td.n{text-align:right;font-variant-numeric:tabular-nums}
h3{margin:0;font-weight:600}
"""


def picture(book: Book) -> str:
    """The visible tabs, one under the other, as a page of HTML."""
    parts = [f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>"]
    for tab in book.tabs:
        rows = book.values(tab["title"])
        if tab.get("hidden") or not rows:
            continue
        looks = _looks(book, tab)
        parts.append(f"<h3>{html.escape(tab['title'])}</h3><table>")
        for r, row in enumerate(rows, 1):
            parts.append("<tr>" + "".join(_cell(book, tab, v, looks.get((r, c), {})) for c, v in enumerate(row, 1)))
        parts.append("</table>")
    return "\n".join(parts)


def _looks(book: Book, tab: dict) -> dict[tuple[int, int], dict]:
    """The format of every cell that has one."""
    looks: dict[tuple[int, int], dict] = {}
    for request in book.formats:
        what = request.get("repeatCell")
        if not what or what["range"].get("sheetId", 0) != tab["sheetId"]:
            continue
        where = what["range"]
        for r in range(where["startRowIndex"] + 1, where["endRowIndex"] + 1):
            for c in range(where["startColumnIndex"] + 1, where["endColumnIndex"] + 1):
                looks.setdefault((r, c), {}).update(what["cell"]["userEnteredFormat"])
    return looks


def _cell(book: Book, tab: dict, value: object, look: dict) -> str:
    text = look.get("textFormat", {})
    style = [
        f"background:{_colour(look['backgroundColor'])}" if "backgroundColor" in look else "",
        "font-weight:bold" if text.get("bold") else "",
        "font-style:italic" if text.get("italic") else "",
        f"color:{_colour(text['foregroundColor'])}" if "foregroundColor" in text else "",
        f"font-size:{text['fontSize']}pt" if "fontSize" in text else "",
        f"text-align:{look['horizontalAlignment'].lower()}" if "horizontalAlignment" in look else "",
    ]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, str) and not isinstance(value, Text) and "SPARKLINE(" in value:
        shown = _bar(book, tab, value)
    else:
        pattern = look.get("numberFormat", {}).get("pattern", "")
        shown = html.escape(_number(value, pattern) if number else str(value))
    return f'<td class="{"n" if number else ""}" style="{";".join(filter(None, style))}">{shown}</td>'


def _number(value: float, pattern: str) -> str:
    places = len(pattern.partition(".")[2].rstrip("%"))
    if pattern.endswith("%"):
        return f"{value:.{places}%}"
    return f"{value:,.{places}f}" if pattern else f"{value:g}"


def _colour(parts: dict) -> str:
    return "rgb({},{},{})".format(*(round(255 * parts.get(name, 0)) for name in ("red", "green", "blue")))


def _bar(book: Book, tab: dict, formula: str) -> str:
    """The layout's one kind of formula: a cell's bar among those of its block, coloured by its sign."""
    parts = re.fullmatch(
        r'=IF\((\w+)="","",SPARKLINE\(ABS\(\1\),\{"charttype","bar";"max",MAX\(MAX\(([$\w:]+)\),-MIN\(\2\)\);'
        r'"color1",IF\(\1<0,"(#\w+)","(#\w+)"\)\}\)\)',
        formula,
    )
    if not parts:
        raise ValueError(f"a formula that the picture does not know: {formula}")
    cell, among, below, above = parts.groups()
    value = _numbers(book, tab, f"{cell}:{cell}")
    if not value:
        return ""
    width = 130 * abs(value[0]) / (max(map(abs, _numbers(book, tab, among))) or 1)
    colour = below if value[0] < 0 else above
    return f'<svg width="130" height="14"><rect width="{width:.1f}" height="14" fill="{colour}"/></svg>'


def _numbers(book: Book, tab: dict, where: str) -> list[float]:
    rows = book.get(f"'{tab['title']}'!{where.replace('$', '')}")
    return [float(value) for row in rows for value in row if value != ""]
