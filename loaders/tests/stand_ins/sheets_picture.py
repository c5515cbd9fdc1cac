"""Draws what the Sheets stand-in holds as a web page: values, formats and sparklines, so that one can look at it."""

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
    if isinstance(value, str) and not isinstance(value, Text) and value.startswith("=SPARKLINE"):
        shown = _sparkline(book, tab, value)
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


def _sparkline(book: Book, tab: dict, formula: str) -> str:
    where, options = re.fullmatch(r"=SPARKLINE\(([^,]+),\{(.*)\}\)", formula).groups()
    given = {name: value.strip('"') for name, value in re.findall(r'"(\w+)"\s*,\s*("[^"]*"|[-\w!$.]+)', options)}
    values = [float(v) for row in book.get(_full(tab, where)) for v in row if v != ""]
    if not values:
        return ""
    colour = given.get("color1", given.get("color", "#1f9e89"))
    if given.get("charttype") == "bar":
        most = book.get(_full(tab, given["max"]))[0][0] if "$" in given["max"] else float(given["max"])
        width = 150 * max(0.0, min(1.0, abs(values[0]) / float(most or 1)))
        return f'<svg width="150" height="14"><rect width="{width:.1f}" height="14" fill="{colour}"/></svg>'
    low, high = min(values), max(values)
    step, height = 150 / max(1, len(values) - 1), (high - low) or 1
    points = " ".join(f"{i * step:.1f},{22 - 20 * (v - low) / height:.1f}" for i, v in enumerate(values))
    line = f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>'
    return f'<svg width="150" height="24">{line}</svg>'


def _full(tab: dict, where: str) -> str:
    where = where.replace("$", "")
    return where if "!" in where else f"'{tab['title']}'!{where}"
