"""BigQuery's API on this machine: local-bigquery 0.4.0, with what dbt and dlt need besides.

Runs in an environment of its own, which `sh scripts/bigquery.sh emulator` makes, with the arguments of
``local-bigquery``. It changes private functions, so it goes with exactly that version.

What POST /faults is given goes wrong, in a list of objects, ``times`` times each (once if it is not said):

    {"table": "freq", "reason": "invalid", "message": ".."}     a load job into that table is taken, and then fails
    {"request": "POST /upload/.*", "status": 503, "body": {..}}    refused unread, with this answer
    {"request": "PUT /upload/.*", "cut": true}     done, but the connection breaks before the answer
"""

import collections
import contextlib
import contextvars
import gzip
import json
import re
import shutil
import sys

import duckdb
import sqlglot
from local_bigquery.api import jobs as api_jobs
from local_bigquery.app import app
from local_bigquery.catalog import metadata, tables
from local_bigquery.engine import database
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query, runner
from local_bigquery.models import Table
from local_bigquery.sql import rules, script
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules import information_schema, partitions
from local_bigquery.sql.rules import tables as table_rules
from sqlglot import exp

KEPT_RESULTS = 100
IS_VIEW = "select 1 from duckdb_views() where database_name = ? and schema_name = ? and view_name = ?"
NOT_NULL = "AND NOT is_nullable"
_execute, _results, _set, _submit = query.execute, api_jobs.results, script.Interpreter.set, runner.submit
_check, _run = table_rules._check, query._run
_objects, _fetch = database.objects, database.fetch
_at_hand = contextvars.ContextVar("at_hand", default=None)
_load = runner.HANDLERS["load"]
_kept = collections.deque()
_faults = []


# In DuckLake, where the emulator keeps what it is given, each statement reads the whole catalogue anew; and DuckDB's
# lists of tables and columns look at all of them, views included, however few are asked for. A dbt build asks thousands
# of times. So here a project is a database in memory, and what one table is, is asked of that table.
def attach(connection, project_id):
    """A project that is named exists."""
    connection.execute(f"attach if not exists ':memory:' as {database.quote(project_id)}")
    database._attached.add(project_id)


def projects():
    """All that were named."""
    return sorted(database._attached)


def objects(project_id, dataset_id, table_id=None):
    """Name, kind and rows of a dataset's tables and views, or of one."""
    if table_id is None:
        return _objects(project_id, dataset_id)
    try:
        if database.fetch(IS_VIEW, [project_id, dataset_id, table_id]):
            return [(table_id, "VIEW", 0)]
        ((rows,),) = database.fetch(f"select count(*) from {database.quote(project_id, dataset_id, table_id)}")
    except duckdb.Error:
        return []
    return [(table_id, "TABLE", rows)]


def fetch(sql, params=None):
    """Rows of one of the emulator's own queries."""
    if NOT_NULL not in sql:
        return _fetch(sql, params)
    try:
        return _fetch('select name from pragma_table_info(?) where "notnull"', [database.quote(*params)])
    except duckdb.CatalogException:  # it is said elsewhere that there is no such table
        return []


def execute(cursor, project_id, job_id, config, dry_run=False, session=None):
    """A CREATE TABLE AS SELECT says what it made, which dbt asks for; and few results are kept, for each slows all."""
    statistics, children, made = _execute(cursor, project_id, job_id, config, dry_run, session)
    if made is None and job_id and not children and statistics.statementType == "CREATE_TABLE_AS_SELECT":
        made = statistics.ddlTargetTable
    if made is not None and made.datasetId == "_results":
        _kept.append((project_id, job_id))
        if len(_kept) > KEPT_RESULTS:
            project, job = _kept.popleft()
            with contextlib.suppress(Exception):  # whatever it raises when the result is gone already
                tables.delete(project, tables.RESULTS, job)
    return statistics, children, made


def results(job, *args, **kwargs):
    """The answer to a CREATE TABLE AS SELECT is empty, not the table."""
    stats = job.statistics.query if job.statistics else None
    if stats and stats.statementType == "CREATE_TABLE_AS_SELECT":
        asked = job.configuration
        job = job.replace(configuration=asked.replace(query=asked.query.without("destinationTable")))
    return _results(job, *args, **kwargs)


def set_variables(self, statement):
    """SET (a, b) = (SELECT AS STRUCT x, y ..), which dbt writes to replace partitions."""
    tree = sqlglot.parse_one(statement.text, dialect=BigQueryDialect)
    for item in tree.expressions:
        target, value = item.this.this, item.this.expression
        is_row = isinstance(value, exp.Subquery) and isinstance(value.this, exp.Select) and value.this.args.get("kind")
        if isinstance(target, exp.Paren | exp.Tuple) and is_row:
            targets = target.expressions if isinstance(target, exp.Tuple) else [target.this]
            for number, one in enumerate(targets):
                select = value.this.copy()
                select.set("kind", None)
                select.set("expressions", [value.this.expressions[number].copy()])
                self.assign(self.variable(one.name), exp.Subquery(this=select))
            return None
    return _set(self, statement)


def submit(project_id, job_id, configuration, upload=None):
    """Files may come compressed."""
    if upload:
        with open(upload, "rb") as file:
            is_compressed = file.read(2) == b"\x1f\x8b"
        if is_compressed:
            with gzip.open(upload, "rb") as source, open(f"{upload}.plain", "wb") as plain:
                shutil.copyfileobj(source, plain)
            shutil.move(f"{upload}.plain", upload)
    return _submit(project_id, job_id, configuration, upload)


def run(cursor, tree, *args):
    """One statement."""
    token = _at_hand.set(tree)
    try:
        return _run(cursor, tree, *args)
    finally:
        _at_hand.reset(token)


def check(tree, table, is_target):
    """Two need no filter: a view, since whoever queries it gives one, and a merge, whose conditions hold it."""
    try:
        _check(tree, table, is_target)
    except BigQueryError as error:
        of = _at_hand.get()
        is_view = isinstance(of, exp.Create) and of.kind == "VIEW"
        is_merged = isinstance(of, exp.Merge) and of.this.name == table.name
        if not ((is_view or is_merged) and str(error).startswith("Cannot query over table")):
            raise


def all_partitions(project_id, dataset_id):
    """INFORMATION_SCHEMA.PARTITIONS of the tables that have rows: counting hundreds of empty ones takes long."""
    rows = []
    for name, _, size in database.objects(project_id, dataset_id):
        if size:
            table = metadata.load(Table, project_id, dataset_id, name) or tables.defaults(project_id, dataset_id, name)
            counted = information_schema._partitions(table.replace(type="TABLE", numRows=str(size)))
            rows += [[project_id, dataset_id, name, partition, number, "ACTIVE"] for partition, number in counted]
    return [*information_schema.IDENTITY, "partition_id", "total_rows INT64", "storage_tier"], rows


def divided(node, context):
    """DIV(a - b, c): sqlglot writes it without the brackets that it then needs."""
    for name in ("this", "expression") if isinstance(node, exp.IntDiv) else ():
        if isinstance(node.args[name], exp.Binary):
            node.set(name, exp.paren(node.args[name]))
    return node


def struck(applies):
    """The first fault that applies, and one time less of it from now on."""
    fault = next((fault for fault in _faults if applies(fault)), None)
    if fault:
        fault["times"] = fault.get("times", 1) - 1
        if not fault["times"]:
            _faults.remove(fault)
    return fault


def load(cursor, config, upload):
    """A load job, unless it is to fail."""
    fault = struck(lambda fault: fault.get("table") == config.destinationTable.tableId)
    if fault:
        raise BigQueryError(fault["reason"], fault["message"])
    return _load(cursor, config, upload)


class Faults:
    """Requests that are refused unread, and answers that never arrive."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        """One request."""
        called = f"{scope.get('method')} {scope.get('path')}"
        fault = struck(lambda fault: re.fullmatch(fault.get("request", ""), called))
        if fault and fault.get("cut"):
            await self.app(scope, receive, lambda message: _nothing())
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            raise ConnectionAbortedError("as it was asked for: the rest of the answer does not come")
        if fault:
            return await _refuse(fault, send)
        return await self.app(scope, receive, send)


async def _nothing():
    pass


async def _refuse(fault, send):
    answer = json.dumps(fault["body"]).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": fault["status"], "headers": headers})
    await send({"type": "http.response.body", "body": answer})


runner.HANDLERS["load"] = load
app.add_middleware(Faults)
database._attach, database.projects, database.objects, database.fetch = attach, projects, objects, fetch
table_rules._check, query._run = check, run
rules.NODE_RULES.append(divided)
partitions._hidden = lambda table: False  # no table here is partitioned by when its rows came
information_schema.VIEWS["PARTITIONS"] = all_partitions
query.execute, api_jobs.results, script.Interpreter.set, runner.submit = execute, results, set_variables, submit


@app.post("/token")
def token():
    """Where the key file of the tests sends Google's client."""
    return {"access_token": "of-no-use-elsewhere", "expires_in": 3600, "token_type": "Bearer"}


@app.post("/faults")
def set_faults(faults: list[dict]):
    """These and no others."""
    _faults[:] = faults


for _ in range(2):  # before the route that answers everything
    app.router.routes.insert(0, app.router.routes.pop())

if __name__ == "__main__":
    from local_bigquery.cli import main

    main(sys.argv[1:])
