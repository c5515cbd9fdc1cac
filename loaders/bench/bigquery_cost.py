"""scripts/bench bigquery-cost: what BigQuery would bill for runs of the project at real size, on paper.

Writes dbt_project/models/docs/bigquery_cost.md. Prices are arguments: ``--per-tib 6.25 --per-gib-month 0.02``.
"""

import argparse
import json
import tempfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import yaml

from loaders.bench.bigquery_bill import Bill, Project, Run, ancestors, naive
from loaders.bench.bigquery_sizes import DAYS, measure
from loaders.bench.measure import OUT
from loaders.bigquery.serve import wanted_marts
from loaders.publish.exposures import exposures_of
from loaders.tests.googlesql.project import ROOT, compile_for_bigquery, relation

PAGE = ROOT / "dbt_project" / "models" / "docs" / "bigquery_cost.md"
RUNS_A_DAY, DAYS_A_MONTH = 96, 30
MB, GB, TIB = 1e6, 1e9, 2**40
HEAD = """{{% docs bigquery_cost %}}
## What BigQuery costs

Computed by `scripts/bench bigquery-cost`, not measured on BigQuery: from what each compiled statement reads, the
columns and the partitions, and from tables as large as real ones: {rows:.0f} million rows of BOD in {days} days of
history, and as many again from IRIS as from REST. BOD, PN, BOALF and what is made of them are measured on generated
days; other tables are sized by their types. Prices: {per_tib:g} USD per TiB read, {per_gib:g} USD per GiB and month
stored, half of it for partitions that were not changed for 90 days; free tiers are not taken off. Loading, views and
metadata are free.

- Bytes are logical: INT64, FLOAT64, TIMESTAMP and DATE 8, NUMERIC 16, BOOL 1, STRING 2 and its UTF-8 bytes, NULL 0.
  A statement is billed for the columns that it names of the partitions that it cannot skip, at least 10 MB for each
  table: [pricing](https://cloud.google.com/bigquery/pricing). A MERGE or UPDATE reads the partitions that it changes
  besides: [DML](https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax).
- Assumed: a table that a statement names several times is billed once; a refresh finds two settlement days with
  news, a daily run four, since loaders ask again for recent days; limits last up to two days.

| run | models | read GB | written GB | USD | with its tests, USD |
|---|--:|--:|--:|--:|--:|
"""
MONTH = """
| a month | USD |
|---|--:|
{lines}
The naive design (unified views of everything ever landed, every mart of a refresh rebuilt whole) would read
{naive:,.0f} GB every time: {naive_month:,.0f} USD a month for the refreshes alone, {times:,.0f} times as much.

What a refresh reads is mostly the least that is billed, 10 MB for a table: {least:.0%} of it. So half as many refreshes
cost half as much, and tests, of which each reads a table or two, cost as much as what they test: they look only at the
days that the build made, and a refresh may leave them to the daily run (`--exclude-resource-type test`).

By model, MB read / MB written; models that never read more than 100 MB but in a full rebuild are left out:

| model | refresh | daily run | one-day backfill | full rebuild |
|---|--:|--:|--:|--:|
"""


class Cost:
    """The bills of all nodes for all runs."""

    def __init__(self, project: Project, today: date, refreshed: set[str]):
        self.project = project
        self.runs = {
            "a refresh": (Run("a refresh", 2, today), refreshed),
            "a daily run of everything": (Run("a daily run of everything", 4, today), set(project.nodes)),
            "a one-day backfill": (Run("a one-day backfill", 1, today), set(project.nodes)),
            "a full rebuild": (Run("a full rebuild", DAYS, today), set(project.nodes)),
        }
        self.bills = {title: self._of_run(run, chosen) for title, (run, chosen) in self.runs.items()}

    def _of_run(self, run: Run, chosen: set[str]) -> dict[str, Bill]:
        """Nodes and the tests on them."""
        wanted = {
            name: node
            for name, node in self.project.nodes.items()
            if name in chosen or (node["resource_type"] == "test" and chosen & set(node["depends_on"]["nodes"]))
        }
        return {name: self.project.bill(node, run) for name, node in wanted.items()}

    def total(self, title: str, tests: bool = False) -> Bill:
        """Of a run, without or with the tests."""
        bills = self.bills[title].items()
        kept = (bill for name, bill in bills if tests or self.project.nodes[name]["resource_type"] != "test")
        return sum(kept, Bill())

    def copy(self) -> Bill:
        """Of fetching what the commands read."""
        run, bill = self.runs["a refresh"][0], Bill()
        for mart in wanted_marts(exposures_of(self.project.manifest)):
            query = mart.query.replace(f"`{mart.name}`", f"`offline`.`gb_power`.`{mart.name}`")
            query = query.replace("@since", f"date '{mart.since(run.today)}'")
            bill += self.project.read(self.project.reads(query), run)
        return bill

    def naive(self) -> float:
        """Bytes that a refresh would read if it rebuilt its marts whole from views."""
        run, chosen = self.runs["a refresh"]
        marts = [self.project.nodes[name] for name in chosen if name.startswith("model.")]
        built = [n for n in marts if relation(n) not in self.project.views and not n["path"].startswith("unified")]
        return sum(naive(self.project, node, run).read for node in built)


def refreshed(manifest: dict) -> set[str]:
    """The nodes that the selector ``refresh`` chooses."""
    selectors = yaml.safe_load((ROOT / "dbt_project" / "selectors.yml").read_text())["selectors"]
    chosen = next(s["definition"]["union"] for s in selectors if s["name"] == "refresh")
    names = {entry["value"] for entry in chosen if entry["method"] == "fqn"}
    paths = tuple(f"{entry['value']}/" for entry in chosen if entry["method"] == "path")
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] != "test"}
    named = [i for i, n in nodes.items() if n["name"] in names or n["original_file_path"].startswith(paths)]
    return set(ancestors(nodes, named))


def storage(project: Project, per_gib: float) -> tuple[float, float]:
    """GiB held, raw and built, and USD a month: the last 90 days at the full price, older ones at half."""
    tables = [relation(n) for n in project.nodes.values() if n["resource_type"] in ("model", "snapshot")]
    kept = [t.split(".", 1)[1] for t in tables if t not in project.views]
    kept += [table for table in project.sizes.types if table.startswith("raw_")]
    gib = sum(project.sizes.a_day(table) for table in kept) * DAYS / 2**30
    return gib, gib * per_gib * (90 + (DAYS - 90) / 2) / DAYS


def page(cost: Cost, per_tib: float, per_gib: float) -> str:
    """The page, whole."""
    millions = cost.project.sizes.rows("raw_bmrs.bod") * DAYS / 1e6
    head = HEAD.format(rows=millions, days=DAYS, per_tib=per_tib, per_gib=per_gib)
    month = RUNS_A_DAY * DAYS_A_MONTH
    usd = {title: cost.total(title).read / TIB * per_tib for title in cost.runs}
    tested = {title: cost.total(title, tests=True).read / TIB * per_tib for title in cost.runs}
    gib, stored = storage(cost.project, per_gib)
    naive_read, copied = cost.naive(), cost.copy().read
    lines = [
        f"| {month:,} refreshes, every fifteen minutes | {usd['a refresh'] * month:,.0f} |",
        f"| their tests, if they are run each time | {(tested['a refresh'] - usd['a refresh']) * month:,.0f} |",
        f"| copying what the commands read after each, {copied / GB:.1f} GB | {copied / TIB * per_tib * month:,.0f} |",
        f"| {DAYS_A_MONTH} daily runs with all tests | {tested['a daily run of everything'] * DAYS_A_MONTH:,.0f} |",
        f"| storage of {gib:,.0f} GiB | {stored:,.0f} |",
    ]
    least = cost.total("a refresh").least / cost.total("a refresh").read
    after = MONTH.format(
        lines="\n".join(lines) + "\n", naive=naive_read / GB, naive_month=naive_read / TIB * per_tib * month,
        times=naive_read / cost.total("a refresh").read, least=least,
    )  # fmt: skip
    rows = [_run(cost, title, usd[title], tested[title]) for title in cost.runs]
    return head + "\n".join(rows) + "\n" + after + "\n".join(_models(cost)) + "\n{% enddocs %}\n"


def _run(cost: Cost, title: str, usd: float, tested: float) -> str:
    total = cost.total(title)
    count = sum(cost.project.nodes[name]["resource_type"] == "model" for name in cost.bills[title])
    return f"| {title} | {count} | {total.read / GB:,.1f} | {total.written / GB:,.1f} | {usd:,.3f} | {tested:,.3f} |"


def _models(cost: Cost) -> Iterable[str]:
    few = [title for title in cost.runs if title != "a full rebuild"]
    bills = cost.bills["a full rebuild"]
    for name in sorted(bills, key=lambda name: -bills[name].read):
        if cost.project.nodes[name]["resource_type"] == "test":
            continue
        each = [cost.bills[title].get(name) for title in cost.runs]
        if max(cost.bills[title].get(name, Bill()).read for title in few) > 100 * MB:
            cells = ["" if bill is None else f"{bill.read / MB:,.0f} / {bill.written / MB:,.0f}" for bill in each]
            yield f"| {name.split('.')[2]} | {' | '.join(cells)} |"


def main() -> None:
    """Compiles, measures and writes the page; takes some minutes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--per-tib", type=float, default=6.25)
    arguments.add_argument("--per-gib-month", type=float, default=0.02)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="gb-power-bench-") as folder:
        manifest = compile_for_bigquery(Path(folder))
        project = Project(manifest, measure(Path(folder) / "home"))
    today = date.fromisoformat(manifest["metadata"]["generated_at"][:10])
    cost = Cost(project, today, refreshed(manifest))
    PAGE.write_text(page(cost, asked.per_tib, asked.per_gib_month))
    OUT.print(json.dumps({title: round(cost.total(title).read / GB, 2) for title in cost.runs}))
    OUT.print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
