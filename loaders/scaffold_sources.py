"""dbt's declaration of the raw tables, from the catalogue: dbt_project/models/staging/sources.yml."""

import json
import textwrap

from loaders.catalogue import Dataset, raw_name
from loaders.config import RAW_BMRS, RAW_IRIS
from loaders.landing import LEDGERS

HEADER = """\
# Written by scripts/scaffold from loaders/datasets/*.yml; edit those, then run it again.
#
# Freshness is the age of the publisher's newest row, not of our last load: a backfill of old days must not make
# a stale feed look fresh. So `loaded_at_field` is the moment that the publisher gives (published, else accepted,
# measured, ..), else the end of the settlement day. A register has no such moment: there it is when the register was
# last asked, whether or not something had changed. Try `dbt source freshness --select source:raw_bmrs`.

sources:
"""
ABOUT = {
    RAW_BMRS: """
        What the Insights API answered, typed and otherwise untouched; append-only, so a row that was restated is
        there in each version. Every table also has _fetched_at_utc (when the answer came), _load_id (the load
        that landed it; sorts by time) and _window_from_utc, _window_to_utc (the window that was asked). Where the
        catalogue says whole_days, _is_whole_day: it came with all rows of its day; those fetched before are
        withdrawn.""",
    RAW_IRIS: """
        What IRIS sent, typed and otherwise untouched; append-only. Every table also has _fetched_at_utc (when the
        message came), _load_id (the load that landed it; sorts by time) and _message_id.""",
}
LEDGER = {
    RAW_BMRS: {
        "_windows": "The ledger: one row each time a window was asked, and what came of it.",
        "_quarantine": "Answers that could not be read, with their bytes and the reason.",
        "_known_absent": "Settlement periods (days, where the period is null) that gb-power gaps --fill asked for and "
        "Elexon did not have: one row each time.",
    },
    RAW_IRIS: {
        "_messages": "The ledger: one row for each message, whichever way it came first (channel), and what came of "
        "it (outcome): LANDED, EMPTY (no rows in it), QUARANTINED or UNMAPPED.",
        "_unmapped": "Messages of datasets that the catalogue does not know, whole (gzip).",
        "_quarantine": "Messages that could not be read, with their bytes (gzip) and the reason.",
    },
}
# In the order in which they tell the age of a row best.
EVENTS = ("publishTime", "createdDateTime", "createdTime", "acceptanceTime", "measurementTime", "notificationTime")

# The lake as DuckDB reads it. The path is code in two languages here: quotes are doubled for SQL, braces for
# Python's str.format, by which dbt-duckdb fills in {name}.
LOCATION = (
    """read_parquet('{{ (env_var('GB_POWER_HOME', '') or flags.PROFILES_DIR ~ '/../data') | replace("'", "''")"""
    """ | replace('{', '{{') | replace('}', '}}') }}/lake/%s/{name}/*.parquet', union_by_name=true)"""
)


def sources_yml(catalogue: dict[str, Dataset]) -> str:
    """The whole file."""
    entries = catalogue.values()
    bmrs = [_table(entry, RAW_BMRS) for entry in entries if entry.rest] + _ledgers(RAW_BMRS)
    iris = [_table(entry, RAW_IRIS) for entry in entries if entry.iris] + _ledgers(RAW_IRIS)
    return HEADER + _source(RAW_BMRS, bmrs) + "\n" + _source(RAW_IRIS, iris)


def _source(schema: str, tables: list[str]) -> str:
    about = textwrap.indent(textwrap.dedent(ABOUT[schema]).strip(), " " * 6)
    return (
        f"  - name: {schema}\n    description: >\n{about}\n"
        f"    config:\n      meta:\n        external_location: {json.dumps(LOCATION % schema)}\n"
        f"    tables:\n" + "".join(tables)
    )


def _table(entry: Dataset, schema: str) -> str:
    lines = [
        f"\n      - name: {entry.table}",
        f"        description: {_text(f'{entry.dataset}: {entry.title}. {entry.page}')}",
    ]
    if entry.freshness:
        setting, moment = _loaded_at(entry, schema)
        late = {"warn_after": entry.freshness.warn_minutes, "error_after": entry.freshness.error_minutes}
        limits = ", ".join(f"{name}: {{count: {minutes}, period: minute}}" for name, minutes in late.items())
        lines += [
            "        config:",
            f"          {setting}: {_text(moment)}",
            f"          freshness: {{{limits}}}",
        ]
    anchor = f"columns_of_{entry.table}"
    if schema == RAW_IRIS and entry.rest:
        return "\n".join([*lines, f"        columns: *{anchor}"]) + "\n"
    return (
        "\n".join([*lines, f"        columns: &{anchor}", *(_column(entry, native) for native in entry.all_columns)])
        + "\n"
    )


def _column(entry: Dataset, native: str) -> str:
    column = entry.all_columns[native]
    meta = {"native": native, **({"unit": column.unit} if column.unit else {})}
    description = f", description: {_text(column.doc)}" if column.doc else ""
    known = ", ".join(f"{name}: {_text(value)}" for name, value in meta.items())
    return f"          - {{name: {raw_name(native)}{description}, config: {{meta: {{{known}}}}}}}"


def _loaded_at(entry: Dataset, schema: str) -> tuple[str, str]:
    """The setting that tells dbt how old the newest row is."""
    if schema == RAW_BMRS and entry.endpoint.window is None:  # a register: an answer without news is as fresh
        ledger = "{{ source('raw_bmrs', '_windows') }}"
        asked = f"select max(asked_at_utc) from {ledger} where dataset = '{entry.dataset}' and error is null"
        return "loaded_at_query", asked
    for native in EVENTS + tuple(entry.rest.window.selects if entry.rest and entry.rest.window else ()):
        if native in entry.columns and entry.columns[native].type == "timestamp":
            return "loaded_at_field", raw_name(native)
    if "settlementDate" in entry.columns:
        return "loaded_at_field", "cast(settlement_date as timestamp) + interval 1 day"
    return "loaded_at_field", "_fetched_at_utc"


def _ledgers(schema: str) -> list[str]:
    tables = []
    for name, about in LEDGER[schema].items():
        columns = "".join(f"          - {{name: {column}}}\n" for column in LEDGERS[schema][name].names)
        tables.append(f"\n      - name: {name}\n        description: {_text(about)}\n        columns:\n{columns}")
    return tables


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
