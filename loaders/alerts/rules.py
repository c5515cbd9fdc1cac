"""Market alerts: rules in one YAML over what the warehouse holds now, each told once per event.

See scripts/deploy/rules.yml for the kinds of rules. An event of a column begins when its condition becomes true and
ends when it no longer is; a value that is missing changes nothing. Outages and gaps that are there when a rule is
looked at for the first time are not told: they are not new.
"""

import difflib
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec
import yaml

from loaders.alerts.state import AlertState, Message
from loaders.config import ConfigError

NUMBERS = ("DOUBLE", "BIGINT", "INTEGER", "HUGEINT", "DECIMAL", "FLOAT")
CONDITIONS = ("above", "below", "outside", "beyond")


class Rule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One of: a column of mart_now with one condition, new_outage_mw, gap_opened."""

    column: str | None = None
    above: float | None = None
    below: float | None = None
    outside: tuple[float, float] | None = None
    beyond: float | None = None
    new_outage_mw: float | None = None
    gap_opened: bool = False

    def holds(self, value: float) -> bool:
        """Whether the condition is true of a value."""
        if self.outside is not None:
            return not self.outside[0] <= value <= self.outside[1]
        if self.beyond is not None:
            return abs(value) > self.beyond
        if self.above is not None:
            return value > self.above
        return self.below is not None and value < self.below

    @property
    def condition(self) -> str:
        """In words."""
        if self.outside is not None:
            return f"outside {self.outside[0]:g} to {self.outside[1]:g}"
        if self.beyond is not None:
            return f"beyond {self.beyond:g} either way"
        return f"above {self.above:g}" if self.above is not None else f"below {self.below:g}"


class Rules(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The file: rules by their names."""

    rules: dict[str, Rule]


def read_rules(path: Path) -> dict[str, Rule]:
    """The rules of a file.

    Raises:
        ConfigError: file, rule and what is wrong with it.
    """
    try:
        rules = msgspec.convert(yaml.safe_load(path.read_text()), Rules).rules
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"rules in {path}: {error}") from None
    for name, rule in rules.items():
        if fault := _fault(rule):
            raise ConfigError(f"rules in {path}: rule {name!r}: {fault}")
    return rules


def _fault(rule: Rule) -> str | None:
    if sum((rule.column is not None, rule.new_outage_mw is not None, rule.gap_opened)) != 1:
        return "needs one of column, new_outage_mw, gap_opened: true"
    conditions = [name for name in CONDITIONS if getattr(rule, name) is not None]
    if len(conditions) != (rule.column is not None):
        return f"needs one of {', '.join(CONDITIONS)} with a column, and none without; it has {conditions or 'none'}"
    if rule.outside and rule.outside[0] >= rule.outside[1]:
        return f"outside: {list(rule.outside)}: the first must be the lower"
    return None


def check_columns(db: duckdb.DuckDBPyConnection, rules: dict[str, Rule], path: Path) -> None:
    """Compares the rules with the warehouse.

    Raises:
        ConfigError: the rule, and the column that mart_now does not have or that is not a number.
    """
    kinds = {name: str(kind) for name, kind, *_ in db.execute("describe mart_now").fetchall()}
    for name, rule in rules.items():
        if rule.column and rule.column not in kinds:
            near = difflib.get_close_matches(rule.column, kinds, 3, 0.5)
            hint = f"; like it: {', '.join(near)}" if near else ""
            raise ConfigError(f"rules in {path}: rule {name!r}: mart_now has no column {rule.column!r}{hint}")
        if rule.column and not kinds[rule.column].startswith(NUMBERS):
            raise ConfigError(f"rules in {path}: rule {name!r}: {rule.column} is no number: {kinds[rule.column]}")


def market_messages(
    db: duckdb.DuckDBPyConnection, rules: dict[str, Rule], state: AlertState, now: datetime
) -> list[Message]:
    """What is new since the last run, by every rule."""
    found = db.execute("select * from mart_now")
    columns, row = [column[0] for column in found.description], found.fetchone()
    messages = []
    for name, rule in rules.items():
        if rule.column:
            messages += _column(name, rule, rule.column, columns, row or (None,) * len(columns), state, now)
        elif rule.new_outage_mw is not None:
            messages += _outages(db, name, rule, state, now)
        else:
            messages += _gaps(db, name, state, now)
    return messages


def _column(
    name: str, rule: Rule, column: str, columns: list[str], row: tuple, state: AlertState, now: datetime
) -> list[Message]:
    place = columns.index(column)
    value = row[place]
    if value is None:
        return []
    known, is_on = state.begun(name), rule.holds(value)
    state.set_begun(name, ["on"] if is_on else [], now)
    if not is_on or known:
        return []
    # in mart_now each group of columns begins with the time that it is of
    of = next((row[i] for i in range(place, -1, -1) if columns[i].endswith("_as_of_utc")), None)
    text = f"{column} is {value:g}, {rule.condition}" + (f"\nas of {of:%Y-%m-%d %H:%M} UTC" if of else "")
    return [Message("info", f"{name}: {value:g}", f"{text}\ngb-power now")]


def _outages(db, name: str, rule: Rule, state: AlertState, now: datetime) -> list[Message]:
    rows = db.execute(
        "select mrid, coalesce(bm_unit_name, affected_unit, asset_id), unavailable_capacity_mw, unavailability_type,"
        " event_start_utc, event_end_utc, cause from fct_outages"
        " where event_status = 'Active' and coalesce(event_end_utc > $1, true) and unavailable_capacity_mw >= $2",
        [now, rule.new_outage_mw],
    ).fetchall()
    known = state.begun(name)
    state.set_begun(name, (known or set()) | {row[0] for row in rows}, now)
    new = [row for row in rows if known is not None and row[0] not in known]
    return [_outage(name, *row[1:]) for row in new]


def _outage(name: str, unit: str | None, mw: float, kind: str | None, start, end, cause: str | None) -> Message:
    until = f"{end:%Y-%m-%d %H:%M} UTC" if end else "an unknown end"
    lines = [f"{unit}: {mw:,.0f} MW, {kind}", f"from {start:%Y-%m-%d %H:%M} UTC to {until}"]
    lines.append(f"cause: {' '.join((cause or 'none').split())[:300]}")
    return Message("info", f"{name}: {unit}, {mw:,.0f} MW", "\n".join(lines))


def _gaps(db, name: str, state: AlertState, now: datetime) -> list[Message]:
    """A gap that grows, shrinks or is cut in two is the same one."""
    rows = db.execute(
        "select dataset, epoch(from_utc)::bigint, epoch(to_utc)::bigint, from_utc, to_utc, periods_missing, command"
        " from data_gaps where kind != 'known absent' order by from_utc"
    ).fetchall()
    known = state.begun(name)
    old = [(dataset, int(start), int(end)) for dataset, start, end in (event.split() for event in known or ())]
    state.set_begun(name, [f"{row[0]} {row[1]} {row[2]}" for row in rows], now)
    new = [r for r in rows if not any(r[0] == dataset and r[1] <= end and start <= r[2] for dataset, start, end in old)]
    return [
        Message(
            "warning",
            f"{name}: {dataset}",
            f"{periods} periods are missing\nfrom {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC\n{command}",
        )
        for dataset, _, _, first, last, periods, command in (new if known is not None else ())
    ]
