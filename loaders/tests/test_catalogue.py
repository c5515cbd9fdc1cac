"""The catalogue: complete, in step with Elexon, and refused with file and key where it is wrong."""

import gzip
from collections import Counter

import pytest
import yaml
from dlt.common.schema import Schema

from loaders.catalogue import CatalogueError, load_catalogue, raw_name, read_dataset
from loaders.decode import Decoder
from loaders.tests.stand_ins import endpoints, recorded

CATALOGUE = load_catalogue()
COLUMNS = [(entry.dataset, name, column) for entry in CATALOGUE.values() for name, column in entry.columns.items()]
words = str.split

# By Elexon's own lists: the dataset endpoints, the other endpoints that we load, and the datasets of IRIS.
DATASETS = words("""
    ABUC AGPT AGWS AOBE ATL B1610 BEB BOALF BOD CBS CCM CDN DAG DATL DCI DGWS DISBSAD FEIB FOU2T14D FOU2T3YW FREQ
    FUELHH FUELINST IGCA IGCPU IMBALNGC INDDEM INDGEN INDO INDOD ITSDO LOLPDRM MATL MDB MDO MDP MDV MELNGC MELS MID
    MILS MNZT MZT NDF NDFD NDFW NDZ NETBSAD NONBM NOU2T14D NOU2T3YW NTB NTO OCNMF3Y OCNMF3Y2 OCNMFD OCNMFD2 PBC PN
    PPBR QAS QPN RDRE RDRI REMIT RURE RURI RZDF RZDR SEL SIL SOSO SYSWARN TEMP TSDF TSDFD TSDFW TUDM UOU2T14D UOU2T3YW
    WATL WINDFOR YAFM YATL
""")
ENDPOINTS = {
    "DISEBSP": "/balancing/settlement/system-prices/{settlementDate}",
    "BOAV": "/balancing/settlement/acceptance/volumes/all/{bidOffer}/{settlementDate}",
    "EBOCF": "/balancing/settlement/indicative/cashflows/all/{bidOffer}/{settlementDate}",
    "DISPTAV": "/balancing/settlement/indicative/volumes/all/{bidOffer}/{settlementDate}",
    "ISPSTACK": "/balancing/settlement/stack/all/{bidOffer}/{settlementDate}/{settlementPeriod}",
    "SMSG": "/balancing/settlement/messages/{settlementDate}",
    "MARKET_DEPTH": "/balancing/settlement/market-depth/{settlementDate}",
    "ACTUAL_PER_TYPE": "/generation/actual/per-type",
    "OUTTURN_SUMMARY": "/generation/outturn/summary",
    "OUTTURN_CURRENT": "/generation/outturn/current",
    "DEMAND_OUTTURN": "/demand/outturn/stream",
    "DEMAND_SUMMARY": "/demand/outturn/summary",
    "BMUNITS": "/reference/bmunits/all",
    "FUELTYPES": "/reference/fueltypes/all",
    "INTERCONNECTORS": "/reference/interconnectors/all",
    "DATA_STATUS": "/data-status/{dataset}",
    "METADATA_LATEST": "/datasets/metadata/latest",
    "REMIT_LIST": "/remit/list/by-publish/stream",
    "OCNMFW": "/forecast/surplus/weekly",
    "OCNMFW2": "/forecast/margin/weekly",
}
IRIS = words("""
    ABUC AGPT AGWS AOBE ATL BEB BOALF BOAV BOD CBS CCM DAG DATL DCI DGWS DISBSAD DISEBSP DISPTAV E0361 EBOCF FEIB
    FOU2T14D FOU2T3YW FREQ FUELHH FUELINST IGCA IGCPU IMBALNGC INDDEM INDGEN INDO INDOD ISPSTACK ITSDO LOLPDM MATL MDP
    MDV MELNGC MELS MID MILS MNZT MZT NDF NDFD NDFW NDZ NETBSAD NONBM NOU2T14D NOU2T3YW NTB NTO OCNMF3Y OCNMF3Y2 OCNMFD
    OCNMFD2 OCNMFW OCNMFW2 PBC PN PPBR QAS QPN RDRE RDRI REMIT RURE RURI SEL SIL SMSG SOSO SYS_WARN TEMP TSDF TSDFD
    TSDFW UOU2T14D UOU2T3YW WATL WINDFOR YAFM YATL mibm_mid
""")
NO_STREAM = {"FOU2T14D", "FOU2T3YW", "INDO", "ITSDO", "NOU2T14D", "NOU2T3YW", "TEMP"}
LONGEST_DAYS = {  # documented, of the endpoint without /stream
    "CBS IMBALNGC INDDEM INDGEN MELNGC NDF TSDF PBC FREQ SOSO": 1,
    "AGPT": 4,
    "AGWS AOBE ATL BEB DAG DATL DGWS OCNMFD OCNMFD2 OCNMF3Y OCNMF3Y2": 7,
    "DATA_STATUS": 31,
    "NDFD TSDFD": 92,
    "RZDF RZDR NDFW TSDFW": 365,
    "FEIB MATL WATL YATL": 367,
    "ABUC CCM IGCA IGCPU INDOD PPBR": 731,
}
UNITS = set(words("MW MWh GBP GBP/MWh GBP/MW GBP/MW/h Hz MW/minute minutes kV degC % ratio probability"))
UNIT_UNKNOWN = {  # Elexon does not say
    *((dataset, level) for dataset in ("MDB", "MDO") for level in ("levelFrom", "levelTo")),
    *{"AOBE": "secondaryQuantity", "OUTTURN_CURRENT": "twentyFourHourUsage"}.items(),
}


def test_every_dataset_and_endpoint_is_asked_at_its_own_path_and_by_stream_where_there_is_one():
    streams = {name: f"/datasets/{name}/stream" for name in DATASETS if name not in NO_STREAM}
    others = {name: f"/datasets/{name}" for name in NO_STREAM}
    assert len(DATASETS) == 84
    assert {name: entry.rest.path for name, entry in CATALOGUE.items()} == {**streams, **others, **ENDPOINTS}


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
def test_elexon_knows_every_parameter_and_gets_those_it_requires(entry):
    """A parameter that Elexon does not know is ignored in silence, and one that it misses gives a 404."""
    for path in [entry.rest.path.replace("{dataset}", value) for value in entry.rest.each.get("dataset", [""])]:
        endpoint = endpoints.endpoints()[path]
        window = entry.rest.window
        given = {*entry.rest.params, *((window.start, window.end) if window and window.start else ())}
        assert set(endpoint.required) <= given <= set(endpoint.parameters)


@pytest.mark.parametrize(("names", "longest"), LONGEST_DAYS.items())
def test_no_request_is_longer_than_a_documented_limit(names, longest):
    assert max(CATALOGUE[name].rest.window.days for name in words(names)) <= longest


def test_every_dataset_of_iris_leads_to_one_dataset():
    names = Counter(name for entry in CATALOGUE.values() if entry.iris for name in entry.iris.names)
    assert len(IRIS) == 87
    assert names == Counter(IRIS)


def test_a_dataset_that_iris_names_otherwise_is_found():
    names = {"LOLPDRM": ["LOLPDM"], "SYSWARN": ["SYS_WARN"], "CDN": ["E0361"], "MID": ["MID", "mibm_mid"]}
    assert {dataset: CATALOGUE[dataset].iris.names for dataset in names} == names


def test_a_raw_column_has_the_fields_name_in_snake_case():
    natives = words("bmUnit mRID affectedUnitEIC forecastDemand60 settlementPeriodFrom")
    raw = words("bm_unit m_rid affected_unit_eic forecast_demand60 settlement_period_from")
    assert [raw_name(native) for native in natives] == raw


def test_dlt_renames_no_column():
    dlts = Schema("any").naming.normalize_identifier
    ours = {raw for entry in CATALOGUE.values() for raw in (entry.table, *entry.raw_names.values())}
    assert {raw for raw in ours if dlts(raw) != raw} == set()


def test_every_window_selects_by_a_timestamp_or_date_but_for_those_whose_choice_is_unknown():
    windows = {entry.dataset: entry.rest.window.selects for entry in CATALOGUE.values() if entry.rest.window}
    types = {CATALOGUE[dataset].columns[name].type for dataset, names in windows.items() for name in names}
    assert types == {"timestamp", "date"}
    unchecked = words("DATA_STATUS DEMAND_SUMMARY DISBSAD MDB MDO NETBSAD OUTTURN_SUMMARY QAS SEL SIL")
    assert [dataset for dataset, names in windows.items() if not names] == unchecked


def test_versions_are_ordered_by_the_publisher_first_and_by_when_we_heard_last():
    places = {entry.dataset: [n == "fetched_at" for n in entry.newest_by] for entry in CATALOGUE.values()}
    assert [dataset for dataset, place in places.items() if place != [False] * (len(place) - 1) + [True]] == []


FORECASTS = words("""
    DAG DATL DGWS FOU2T14D FOU2T3YW IMBALNGC INDDEM INDGEN LOLPDRM MATL MELNGC NDF NDFD NDFW NOU2T14D NOU2T3YW OCNMF3Y
    OCNMF3Y2 OCNMFD OCNMFD2 OCNMFW OCNMFW2 TSDF TSDFD TSDFW UOU2T14D UOU2T3YW WATL WINDFOR YATL
""")


@pytest.mark.parametrize("dataset", FORECASTS)
def test_a_forecast_that_is_published_again_replaces_the_earlier_one(dataset):
    assert "publishTime" not in CATALOGUE[dataset].key
    assert CATALOGUE[dataset].newest_by[0] == "publishTime"


@pytest.mark.parametrize("dataset", ["B1610", "TUDM"])
def test_settlement_runs_are_listed_in_their_order_and_the_last_one_is_current(dataset):
    entry = CATALOGUE[dataset]
    assert entry.columns["settlementRunType"].values == ["II", "SF", "R1", "R2", "R3", "RF", "DF"]
    assert (entry.newest_by[0], "settlementRunType" in entry.key) == ("settlementRunType", False)


def test_every_quantity_has_a_known_unit():
    without = {(dataset, name) for dataset, name, column in COLUMNS if column.type == "number" and column.unit is None}
    assert without == UNIT_UNKNOWN
    assert {column.unit for _, _, column in COLUMNS} - {None} <= UNITS


RECORDED = [path for dataset in recorded.datasets() for path in recorded.files(dataset)]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_recorded_answer_holds_what_the_catalogue_promises_and_nothing_else(path):
    decoder = Decoder(CATALOGUE[path.name.split("__")[0]])
    with gzip.open(path) as answer:
        rows = decoder.decode(answer)
    assert rows.num_rows
    assert rows.schema == decoder.schema


# ---- what is refused


def good() -> dict:
    """A file that is right: each test below spoils one thing."""
    return {
        "dataset": "DEMO",
        "title": "A dataset",
        "page": "https://bmrs.elexon.co.uk/api-documentation/endpoint/datasets/DEMO",
        "group": "system",
        "rest": {"path": "/datasets/DEMO/stream", "window": {"from": "from", "to": "to", "selects": ["time"]}},
        "key": ["time"],
        "newest_by": ["fetched_at"],
        "partition_by": "time",
        "columns": {"time": {"type": "timestamp"}, "level": {"type": "number", "unit": "MW"}},
    }


def read(folder, content, name="demo.yml"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return read_dataset(path)


def test_a_good_file_is_read(tmp_path):
    assert read(tmp_path, good()).table == "demo"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.update(titel="A dataset"), "unknown field `titel`"),
        (lambda d: d.pop("page"), "missing required field `page`"),
        (lambda d: d.update(group="weather"), "group: 'weather' is none of"),
        (lambda d: d.pop("rest"), "rest: a dataset needs rest or iris"),
        (lambda d: d.update(key=[]), "key: a row needs"),
        (lambda d: d.update(key=["time", "unit"]), "key: 'unit' is not among columns"),
        (lambda d: d.update(key=["fetched_at"]), "key: 'fetched_at' is not among columns"),
        (lambda d: d.update(newest_by=["publishTime"]), "newest_by: 'publishTime' is not among columns"),
        (lambda d: d.update(cluster_by=["bmUnit"]), "cluster_by: 'bmUnit' is not among columns"),
        (lambda d: d.update(partition_by="level"), "partition_by: 'level' is not a timestamp or date column"),
        (lambda d: d.update(cadence={"every": "hour"}), r"Invalid enum value 'hour' - at `\$\.cadence\.every`"),
        (lambda d: d.update(freshness={"warn_minutes": 30}), "missing required field `error_minutes`"),
        (lambda d: d["columns"]["level"].update(type="float"), "columns.level: Invalid enum value 'float'"),
        (lambda d: d["columns"]["level"].update(units="MW"), "columns.level: Object contains unknown field `units`"),
        (lambda d: d["columns"].update(level="number"), "columns.level: Expected `object`"),
        (lambda d: d["columns"]["level"].pop("type"), "columns.level: Object missing required field `type`"),
        (lambda d: d["columns"].update(Level={"type": "number"}), "columns: two fields get the same column name"),
        (lambda d: d["rest"].update(path="datasets/DEMO"), "rest.path: 'datasets/DEMO' must start with '/'"),
        (lambda d: d["rest"].update(path="/datasets/{fuel}"), "rest.path: nothing fills fuel"),
        (lambda d: d["rest"].update(look_back_days=-1), r"`int` >= 0 - at `\$\.rest\.look_back_days`"),
        (lambda d: d["rest"].update(empty="never"), r"Invalid enum value 'never' - at `\$\.rest\.empty`"),
        (lambda d: d["rest"].update(path="/prices/{settlementDate}", window=None), "rest.window: the path holds a day"),
        (lambda d: d["rest"].update(whole_days=True), "rest.whole_days: the rows need a settlementDate"),
        (lambda d: d["rest"]["window"].pop("to"), "rest.window: from and to go together"),
        (lambda d: d["rest"].update(window={}), "rest.window: neither from/to nor"),
        (lambda d: d["rest"]["window"].update(dayz=2), r"unknown field `dayz` - at `\$\.rest\.window`"),
        (lambda d: d["rest"]["window"].update(selects=["level"]), "rest.window.selects: 'level' is not"),
        (lambda d: d["rest"]["window"].update(selects=["time"] * 3), "rest.window.selects: one field, or the two"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_the_key(tmp_path, spoil, message):
    entry = good()
    spoil(entry)
    with pytest.raises(CatalogueError, match=rf"demo\.yml: .*{message}"):
        read(tmp_path, entry)


@pytest.mark.parametrize("content", ["dataset: [DEMO", "- DEMO", "", "columns: DEMO"])
def test_what_is_no_dataset_at_all_is_refused_with_its_name(tmp_path, content):
    with pytest.raises(CatalogueError, match=r"demo\.yml: "):
        read(tmp_path, content)


def test_a_file_is_named_like_its_dataset(tmp_path):
    with pytest.raises(CatalogueError, match=r"sample\.yml: dataset: 'DEMO' must be in a file named demo\.yml"):
        read(tmp_path, good(), "sample.yml")


def test_one_wrong_file_stops_the_whole_catalogue(tmp_path):
    read(tmp_path, good())
    (tmp_path / "other.yml").write_text("dataset: OTHER")
    with pytest.raises(CatalogueError, match=r"other\.yml: .*missing required field"):
        load_catalogue(tmp_path)
