"""Page and Sheet, filled from marts that dbt built; the page also as a browser shows it, where there is one."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from loaders.bigquery.serve import wanted_marts
from loaders.cli import main
from loaders.config import read_settings
from loaders.publish import page, sheets
from loaders.publish.exposures import CannotPublish, read_exposure, read_exposures, read_tables
from loaders.publish.settings import SheetsSettings
from loaders.publish.sheet_blocks import Block, today
from loaders.tests.browser import BROWSER, command
from loaders.tests.marts_lake import write_marts_lake
from loaders.tests.stand_ins.sheets import SHEET_ID, SheetsStandIn
from loaders.tests.stand_ins.sheets_book import Text
from loaders.tests.stand_ins.sheets_picture import picture
from loaders.tests.warehouse import Warehouse

HOSTILE = "</script><img src=x onerror=alert(1)>=1+1"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A home whose served warehouse holds every mart that an exposure names; its manifest is the one that is read."""
    home = tmp_path_factory.mktemp("publish")
    write_marts_lake(home)
    with pytest.MonkeyPatch.context() as monkeypatch:
        warehouse = Warehouse(home, monkeypatch)
        kinds = [part for kind in ("seed", "snapshot", "model") for part in ("--resource-type", kind)]
        warehouse.dbt("build", *kinds, "--select", "+exposure:page", "+exposure:google_sheet")
        served = home / "served" / "warehouse.duckdb"
        served.parent.mkdir()
        shutil.copyfile(home / "warehouse.duckdb", served)
        shutil.copyfile(warehouse.manifest, home / "target" / "manifest.json")
        yield home


@pytest.fixture
def tables(built):
    settings = read_settings()
    return {name: read_tables(settings, read_exposure(settings, name)) for name in ("page", "google_sheet")}


@pytest.fixture
def google():
    with SheetsStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def account(google, tmp_path) -> SheetsSettings:
    return SheetsSettings(SHEET_ID, google.key_file(tmp_path), google.url)


def mart(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "served" / "warehouse.duckdb"), read_only=True) as db:
        db.execute("set TimeZone = 'UTC'")
        return db.execute(query).fetchall()


def publish(*args: str):
    return CliRunner().invoke(main, ["publish", *args])


# ---------- the page


def test_the_page_holds_every_table_it_names_and_asks_nobody(built, tmp_path):
    done = publish("page", "--to", str(tmp_path / "web"))
    assert done.exit_code == 0, done.output
    text = (tmp_path / "web" / "index.html").read_text(encoding="utf-8")
    data = json.loads((tmp_path / "web" / "data.json").read_text(encoding="utf-8"))
    assert json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text)[1]) == data
    assert set(data["tables"]) == set(read_exposure(read_settings(), "page").meta.tables)
    assert len(text) < 2_000_000
    outside = text.split("<script>")[0] + text.rsplit("</script>", 1)[1]
    assert re.findall(r'(?:src|href)="([^"#]+)"', outside) == ["data.json"]  # a link to the file beside it
    assert "default-src 'none'" in text


def test_the_data_are_the_marts(built, tables):
    data = page.page_data(read_exposure(read_settings(), "page"), tables["page"])
    demand, at = mart(built, "select system_demand_mw, net_import_as_of_utc from mart_now")[0]
    assert data["tables"]["mart_now"]["system_demand_mw"] == [demand]
    assert data["tables"]["mart_now"]["net_import_as_of_utc"] == [f"{at:%Y-%m-%dT%H:%M:%SZ}"]
    mix = data["tables"]["fct_generation_mix"]
    newest = max(mix["start_utc"])
    wind = "select generation_mw from fct_generation_mix where fuel_type = 'WIND' and start_utc = ?"
    with duckdb.connect(str(built / "served" / "warehouse.duckdb"), read_only=True) as db:
        held = db.execute(wind, [newest]).fetchone()[0]
    row = next(
        i for i, (t, f) in enumerate(zip(mix["start_utc"], mix["fuel_name"], strict=True)) if (t, f) == (newest, "Wind")
    )
    assert mix["generation_mw"][row] == held
    assert len(set(mix["start_utc"])) == 288, "24 hours of five minutes"


def test_a_text_in_the_data_stays_a_text(built, tables):
    tables["page"]["mart_top_units"][0]["bm_unit_name"] = HOSTILE
    data = page.page_data(read_exposure(read_settings(), "page"), tables["page"])
    text = page.html_of(data)
    assert HOSTILE not in text
    embedded = re.search(r'<script id="data" type="application/json">(.*?)</script>', text)[1]
    assert json.loads(embedded)["tables"]["mart_top_units"]["bm_unit_name"][0] == HOSTILE


def test_what_cannot_be_published_leaves_the_page_as_it_was(built, tmp_path, monkeypatch):
    folder = tmp_path / "web"
    assert publish("page", "--to", str(folder)).exit_code == 0
    before = (folder / "index.html").read_bytes()
    monkeypatch.setenv("GB_POWER_HOME", str(tmp_path / "nowhere"))
    done = publish("page", "--to", str(folder))
    assert done.exit_code == 1
    assert "gb-power build" in done.output
    assert (folder / "index.html").read_bytes() == before


def test_what_is_shown_of_the_last_days_can_be_fetched_by_day(built):
    marts = wanted_marts(read_exposures(read_settings()))
    assert {mart.name for mart in marts} > {"mart_now", "fct_outages", "dataset_coverage", "fct_battery_leaderboard"}
    assert [mart.name for mart in marts if any(one.of for one in mart.wanted) and not mart.has_days] == []


def test_an_exposure_that_cannot_be_read_is_named(built, tmp_path):
    manifest = json.loads((built / "target" / "manifest.json").read_bytes())
    exposure = next(e for e in manifest["exposures"].values() if e["name"] == "page")
    exposure["config"]["meta"]["tables"]["fct_surprise"] = {}
    settings = replace(read_settings(), home=tmp_path)
    changed = tmp_path / "target" / "manifest.json"
    changed.parent.mkdir()
    changed.write_text(json.dumps(manifest))
    with pytest.raises(CannotPublish, match="dashboards.yml: exposure page shows fct_surprise"):
        read_exposure(settings, "page")
    exposure["config"]["meta"]["tables"] = {"mart_now": {"colums": []}}
    changed.write_text(json.dumps(manifest))
    with pytest.raises(CannotPublish, match="unknown field `colums`"):
        read_exposure(settings, "page")
    exposure["config"]["meta"]["tables"] = {"mart_now": {"columns": ["price_of_tea"]}}
    changed.write_text(json.dumps(manifest))
    with pytest.raises(CannotPublish, match="table mart_now: .*price_of_tea"):
        read_tables(read_settings(), read_exposure(settings, "page"))


def test_every_figure_names_a_column_that_says_when_and_why_not(built):
    columns = {name for (name,) in mart(built, "select column_name from (describe mart_now)")}
    for name in ("page", "google_sheet"):
        for kpi in read_exposure(read_settings(), name).meta.kpis:
            assert {kpi.column, kpi.as_of, kpi.why} <= columns
            if kpi.spark and name == "page":
                table, column = kpi.spark.split(".")
                assert column in (read_exposure(read_settings(), name).meta.tables[table].columns or [column])


if BROWSER:  # without one, pytest's header says that nobody looked

    def shown(folder: Path, name: str) -> tuple[str, str]:
        """The page as the browser has it after its scripts ran, and what it had to complain about."""
        offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom")
        asked = command(folder / name, folder / "profile", *offline)
        done = subprocess.run(asked, capture_output=True, text=True, timeout=600, check=True)
        return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)

    def test_a_browser_shows_the_marts_figures_and_has_no_complaint(built, tmp_path):
        publish("page", "--to", str(tmp_path))
        dom, complaints = shown(tmp_path, "index.html")
        assert complaints == ""
        seen = dict(re.findall(r'data-column="mart_now\.(\w+)">([^<]*)<', dom))
        figures = "system_demand_mw, system_price_gbp_per_mwh, wind_share, frequency_hz"
        ((demand_mw, price, wind_share, hertz),) = mart(built, f"select {figures} from mart_now")
        assert seen["system_demand_mw"] == f"{demand_mw:,.0f}"
        assert seen["system_price_gbp_per_mwh"] == f"{price:,.2f}"
        assert seen["wind_share"] == f"{100 * wind_share:,.1f}"
        assert seen["frequency_hz"] == f"{hertz:,.3f}"
        charts = re.sub(r"<script.*?</script>", "", dom, flags=re.DOTALL).split('role="img"')[1:]
        assert charts, "no chart"
        assert all("<svg" in chart for chart in charts)

    def test_a_browser_shows_why_there_is_nothing_and_runs_no_text(built, tmp_path, tables):
        for name, rows in tables["page"].items():
            if name != "mart_now":
                rows.clear()
        for column in tables["page"]["mart_now"][0]:
            tables["page"]["mart_now"][0][column] = HOSTILE if column.endswith("_missing_because") else None
        data = page.page_data(read_exposure(read_settings(), "page"), tables["page"])
        (tmp_path / "empty.html").write_text(page.html_of(data))
        dom, complaints = shown(tmp_path, "empty.html")
        assert complaints == ""
        assert "<img src=x" not in dom
        assert dom.count("&lt;img src=x onerror=alert(1)&gt;") > 10, "the reason, as a text"


# ---------- the Sheet


def test_the_first_run_lays_out_and_every_other_writes_once(built, google, account):
    sheets.publish_sheets(read_settings(), account)
    tabs = {tab["title"]: tab for tab in google.book.tabs}
    assert {"GB_Live", "Data_Hidden", "Battery_BM_Revenue"} <= set(tabs)
    assert tabs["Data_Hidden"]["hidden"]
    writes = len(google.writes)
    sheets.publish_sheets(read_settings(), account)
    assert google.writes[writes:] == [f"/v4/spreadsheets/{SHEET_ID}/values:batchUpdate"]


def test_the_sheet_shows_the_marts(built, google, account):
    sheets.publish_sheets(read_settings(), account)
    live = {row[0]: row[1:] for row in google.book.values("GB_Live") if row[0]}
    now = mart(built, "select system_demand_mw, system_price_gbp_per_mwh, wind_share from mart_now")[0]
    assert live["Demand"][0] == round(now[0])
    assert live["System price"][0] == round(now[1], 2)
    assert live["Wind share"][0] == round(100 * now[2], 1)
    fuels = dict(mart(built, "select name, power_mw from mart_now_mix where kind = 'generation'"))
    assert {name: live[name][0] for name in fuels} == {name: round(mw / 1000, 3) for name, mw in fuels.items()}
    battery = next(row for row in google.book.values("Battery_BM_Revenue") if row[0] == 1)
    assert battery[1:8] == ["AG-CBS08M", battery[2], "2022-01-01", 10, 0, 1200, 120]
    page_of_it = picture(google.book)
    assert page_of_it.count("<svg") >= len([mw for mw in fuels.values() if mw])


def test_the_day_of_fifty_periods_fills_fifty_columns(built, tables):
    rows = tables["google_sheet"]
    for name in ("fct_generation_mix_half_hours", "fct_price_spread"):
        rows[name] = [
            {"settlement_date": date(2025, 10, 26), "settlement_period": n, "fuel_name": "Wind", "generation_mw": n,
             "system_price_gbp_per_mwh": -n, "market_index_price_gbp_per_mwh": None, "net_imbalance_volume_mwh": 0}
            for n in range(1, 51)
        ]  # fmt: skip
    day, lines = today(rows)
    assert day == date(2025, 10, 26)
    wind = next(line for line in lines if line[0] == "Wind MW")
    assert wind[1:] == list(range(1, 51))


def test_what_a_shrinking_table_leaves_is_cleared_and_a_formula_is_a_text(built, google, account, monkeypatch):
    sheets.publish_sheets(read_settings(), account)
    real = sheets.read_tables

    def fewer(settings, exposure):
        found = real(settings, exposure)
        found["mart_now_mix"] = found["mart_now_mix"][:1]
        found["fct_battery_leaderboard"][0]["bm_unit_name"] = "=HYPERLINK(1)"
        return found

    monkeypatch.setattr(sheets, "read_tables", fewer)
    sheets.publish_sheets(read_settings(), account)
    live = google.book.values("GB_Live")
    first = next(i for i, row in enumerate(live) if row[0] == "Generation")
    assert [row[:3] for row in live[first + 2 : first + 12]] == [["", "", ""]] * 10
    name = next(row[2] for row in google.book.values("Battery_BM_Revenue") if row[0] == 1)
    assert isinstance(name, Text)


def test_a_block_that_is_too_full_is_refused_before_anything_is_written():
    with pytest.raises(CannotPublish, match="room for 2 rows"):
        Block("GB_Live", 1, 1, 2, 1, [[1], [2], [3]]).cells()


def test_missing_is_empty_and_times_are_londons():
    summer = datetime(2025, 7, 1, 11, tzinfo=UTC)
    assert Block("x", 1, 1, 1, 4, [[None, float("nan"), summer, 0]]).cells() == [["", "", "2025-07-01 12:00", 0]]


def test_an_outage_leaves_the_sheet_as_it_was_and_says_so(built, google, account, monkeypatch):
    sheets.publish_sheets(read_settings(), account)
    before = google.book.values("GB_Live")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    google.failures = [503] * 50
    monkeypatch.setenv("SHEETS_ID", account.sheet_id)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account.key_file))
    monkeypatch.setenv("SHEETS_API_ENDPOINT", account.endpoint)
    done = publish("sheets")
    assert done.exit_code == 1
    assert "The sheet is as it was" in done.output
    assert google.book.values("GB_Live") == before


def test_without_settings_the_variable_is_named(built, monkeypatch):
    monkeypatch.delenv("SHEETS_ID", raising=False)
    assert "SHEETS_ID is not set" in publish("sheets").output
