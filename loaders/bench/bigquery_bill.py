"""What each node of the project asks BigQuery to read and write in one run, from its compiled statements.

A query is billed for the columns that it reads of the partitions that it reads, each table once and for at least
10 MB (https://cloud.google.com/bigquery/pricing, "On-demand pricing"). A MERGE or an UPDATE is billed for the whole
rows of the partitions that it changes besides (https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax).
Loading, views and metadata are free.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from loaders.bench.bigquery_sizes import DAYS, Sizes, type_of
from loaders.bench.scans import Query, Scan, schema_of
from loaders.catalogue import load_catalogue, raw_name
from loaders.tests.googlesql.project import AROUND, BY_DAY, SNAPSHOT, relation, typed_tables

LEAST = 10 * 2**20
TABLES_OF_DATASETS = ("raw_bmrs", "raw_iris")
NAMED_IN_FULL = re.compile(r"`([\w-]+)`\.`(\w+)`\.(?:`(\w+)`|(INFORMATION_SCHEMA\.\w+))")


@dataclass(frozen=True)
class Run:
    """One kind of run: its name, and how many days in a row it finds due; the last is ``today``."""

    name: str
    days: int
    today: date

    @property
    def due(self) -> tuple[date, date]:
        return self.today - timedelta(days=self.days - 1), self.today


@dataclass(frozen=True)
class Bill:
    """Bytes billed, what of them is the least that a table costs, and bytes written."""

    read: float = 0
    least: float = 0
    written: float = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(self.read + other.read, self.least + other.least, self.written + other.written)

    @classmethod
    def of(cls, read: float, tables: int = 1) -> "Bill":
        """Of so many tables, of which so much is read."""
        return cls(read) if read > tables * LEAST else cls(tables * LEAST, tables * LEAST)


class Project:
    """The compiled project and the sizes of its tables."""

    def __init__(self, manifest: dict, measured: dict[str, tuple[float, dict]]):
        self.manifest = manifest
        self.nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] != "analysis"}
        built = [node for node in self.nodes.values() if node["resource_type"] in ("model", "snapshot")]
        self.views = {relation(n): n["compiled_code"] for n in built if n["config"]["materialized"] == "view"}
        self.by_day = {relation(node): node for node in built if node["config"]["materialized"] in BY_DAY}
        types = typed_tables(manifest)
        types = {table: types[table] for table in types if "INFORMATION_SCHEMA" not in table}
        types |= {relation(node): self._columns(node) for node in built if relation(node) not in self.views}
        self.partitioned_by = {relation(n): n["config"]["partition_by"]["field"] for n in self.by_day.values()}
        self.partitioned_by |= _raw_partitions(next(iter(manifest["sources"].values()))["database"])
        self.refusing = {table for table, n in self.by_day.items() if n["config"]["require_partition_filter"]}
        self.schema = schema_of(types)
        seeds = {node["alias"] for node in self.nodes.values() if node["resource_type"] == "seed"}
        self.sizes = Sizes(types, seeds, measured)
        around = next(node for node in manifest["nodes"].values() if node["name"] == AROUND)["compiled_code"]
        self.around = dict(part.split("\n", 1) for part in around.split("-- statement: ")[1:])

    def must_be_bounded(self) -> set[str]:
        """Tables of which no query may read all: those that refuse it, and the raw ones that they are built from."""
        raw = {
            scan.table
            for table in self.refusing
            for scan in self.reads(self.by_day[table]["compiled_code"])
            if scan.table.split(".")[1] in TABLES_OF_DATASETS
        }
        return self.refusing | raw

    def _columns(self, node: dict) -> dict[str, str]:
        """A model's columns with their types; a snapshot's are those of what it keeps."""
        if node["resource_type"] == "snapshot":
            return self._columns(self.nodes[node["depends_on"]["nodes"][0]]) | SNAPSHOT
        return {name: (column["data_type"] or type_of(name)).upper() for name, column in node["columns"].items()}

    def reads(self, sql: str) -> list[Scan]:
        """What a statement reads."""
        return list(Query(sql, self.views, self.schema).scans(self.partitioned_by))

    def bill(self, node: dict, run: Run) -> Bill:
        """One run of a node."""
        if node["config"]["materialized"] == "priced_days" and run.days < DAYS:
            run = replace(run, days=run.days + 1)  # profiles run past midnight: the day after is built too
        if node["resource_type"] == "test":
            counted = f"select count(*) as failures from ({node['compiled_code']}\n) as found"  # as dbt asks
            return self.read(self.reads(in_days(counted, run)), run)
        if relation(node) in self.views or node["resource_type"] not in ("model", "snapshot"):
            return Bill()
        table = relation(node).split(".", 1)[1]
        days = run.days if relation(node) in self.by_day else DAYS
        asked = self.read(self.reads(in_days(node["compiled_code"], run)), run)
        changed = self.sizes.a_day(table) * days
        if relation(node) in self.by_day:
            first = run.days >= DAYS  # a table made anew is no MERGE
            asked += (Bill() if first else Bill.of(changed)) + self._around(node, run)
        elif node["resource_type"] == "snapshot":
            asked += Bill.of(changed)
        return asked + Bill(written=changed)

    def read(self, scans: Iterable[Scan], run: Run) -> Bill:
        """What the readings of one query are billed."""
        tables: dict[str, list[Scan]] = {}
        for scan in scans:
            tables.setdefault(scan.table, []).append(scan)
        return sum((Bill.of(self._bytes(table, found, run)) for table, found in tables.items()), Bill())

    def _bytes(self, table: str, scans: list[Scan], run: Run) -> float:
        if "INFORMATION_SCHEMA" in table:
            return LEAST
        columns = set().union(*(scan.columns for scan in scans))
        days = max(days_of(scan, run) for scan in scans)
        return self.sizes.a_day(table.split(".", 1)[1], columns) * days

    def _around(self, node: dict, run: Run) -> Bill:
        """Finding and remembering days: tables of a few rows, and BigQuery's record of the partitions."""
        lasts = bool(node["config"]["meta"].get("day_until"))
        tables = {match.groups() for match in NAMED_IN_FULL.finditer(self.around[f"{node['name']}: find, later"])}
        asked = Bill.of(0, len(tables) + 2)  # and the ranges, and the update
        if lasts:
            news = in_days(self.around[f"{node['name']}: reach"], run)
            asked += self.read(self.reads(news), run) + Bill.of(0)
        return asked


def _raw_partitions(database: str) -> dict[str, str]:
    partitioned = [entry for entry in load_catalogue().values() if entry.partition_by]
    return {
        f"{database}.{dataset}.{entry.table}": raw_name(entry.partition_by)
        for dataset in TABLES_OF_DATASETS
        for entry in partitioned
    } | {f"{database}.raw_bmrs._windows": "window_from_utc"}


def in_days(sql: str, run: Run) -> str:
    """A compiled query with the days of a run in it, as the materialization or the test would put them there."""
    first, last = run.due
    reach = timedelta(days=2)  # limits are submitted for a day or two ahead
    for day, put in (
        ("1900-01-01", first), ("2999-12-31", last), ("1900-01-02", first - 2 * reach), ("2999-12-30", last + reach)
    ):  # fmt: skip
        sql = sql.replace(f"date '{day}'", f"date '{put}'")
    today = f"date '{run.today}'"
    sql = sql.replace(f"between {today} and {today}", f"between date '{first}' and {today}")
    return sql.replace("date '2026-10-24'", f"date '{first}'").replace("date '2026-10-25'", today)


def days_of(scan: Scan, run: Run) -> float:
    """How many days of its partitions a scan reads; all history where nothing is said of them."""
    if scan.days is None:
        return DAYS
    first = max(scan.days[0], run.today - timedelta(days=DAYS - 1))
    last = min(scan.days[1], run.today + timedelta(days=2))
    return max(0, min((last - first).days + 1, DAYS))


def naive(project: Project, node: dict, run: Run) -> Bill:
    """The same mart from union-all views, rebuilt whole: every column that it names, of all history."""
    unified = {table: inner for table, inner in project.by_day.items() if inner["path"].startswith("unified")}
    views = project.views | {table: inner["compiled_code"] for table, inner in unified.items()}
    scans = Query(node["compiled_code"], views, project.schema).scans(project.partitioned_by)
    written = project.sizes.a_day(relation(node).split(".", 1)[1]) * DAYS
    return project.read([replace(scan, days=None) for scan in scans], run) + Bill(written=written)


def ancestors(nodes: dict[str, dict], wanted: Iterable[str]) -> Iterator[str]:
    """Nodes and all that they depend on, each once."""
    seen: set[str] = set()
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            yield name
            waiting += nodes[name]["depends_on"].get("nodes", [])
