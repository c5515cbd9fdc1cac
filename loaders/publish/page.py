"""One self-contained HTML file and its ``data.json``: everything that the exposure ``page`` shows."""

import json
import math
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from loaders.config import Settings
from loaders.publish.exposures import Exposure, Rows, read_exposure, read_tables
from loaders.whole_text import write_whole

PARTS = Path(__file__).with_name("page")
EXPOSURE = "page"


def publish_page(settings: Settings, folder: Path) -> Path:
    """Writes ``index.html`` and ``data.json``; what was there before is replaced only by something whole.

    Raises:
        CannotPublish: nothing was built, or a mart is not as the exposure says.
    """
    exposure = read_exposure(settings, EXPOSURE)
    data = page_data(exposure, read_tables(settings, exposure), _tests(settings))
    html = html_of(data)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "data.json", _json(data))
    return write_whole(folder / "index.html", html)


def page_data(exposure: Exposure, tables: dict[str, Rows], tests: dict[str, int] | None = None) -> dict[str, Any]:
    """What the page draws: each mart by its name, each column by its name, times as ISO 8601 in UTC."""
    return {
        "published_at_utc": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "attribution": f"Contains BMRS data © Elexon Limited copyright and database right {datetime.now(UTC).year}.",
        "kpis": [msgspec.to_builtins(kpi) for kpi in exposure.meta.kpis],
        "tests": tests,
        "tables": {name: _columns(rows) for name, rows in tables.items()},
    }


def _tests(settings: Settings) -> dict[str, int] | None:
    """How many of dbt's tests passed, warned and failed in the last build of this home."""
    try:
        results = json.loads((settings.dbt_target / "run_results.json").read_bytes())["results"]
    except FileNotFoundError:
        return None
    kinds = ("test.", "unit_test.")
    return dict(Counter(r["status"] for r in results if r["unique_id"].startswith(kinds))) or None


def _columns(rows: Rows) -> dict[str, list]:
    return {name: [plain(row[name]) for row in rows] for name in (rows[0] if rows else ())}


def plain(value: Any) -> Any:
    """A value as JSON has it; what is no number is missing."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _json(data: dict) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def html_of(data: dict[str, Any]) -> str:
    """The template with everything inside it, so that the file needs nothing else and asks nobody."""
    inside = {
        "css": _read("page.css"),
        "echarts": _read("echarts.common.min.js"),
        "scripts": "\n".join(_read(name) for name in ("tools.js", "charts.js", "page.js")),
        "data": _json(data).replace("<", "\\u003c"),  # a text in the data must not end the script it is in
    }
    head, *rest = _read("page.html").split("{{")
    return head + "".join(_filled(part, inside) for part in rest)


def _filled(part: str, inside: dict[str, str]) -> str:
    name, _, after = part.partition("}}")
    return inside[name.strip()] + after


def _read(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")
