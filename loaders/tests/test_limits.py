"""Export and import limits of both channels become one position: the models against a minute-by-minute reference.

The submissions are made up, except those of Elexon's own example and the recorded ones.
"""

import json
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.catalogue import load_catalogue
from loaders.config import RAW_IRIS
from loaders.tests.lake import write_empty_lake, write_rows
from loaders.tests.limits import MINUTE, Limit, in_force, pieces
from loaders.tests.stand_ins import recorded
from loaders.tests.warehouse import Warehouse

CATALOGUE = load_catalogue()
LOAD = datetime(2026, 11, 1, tzinfo=UTC)
# Beginnings: a winter day, the year's end, the days of 46 and of 50 settlement periods, London midnight in summer.
STARTS = [
    datetime(2025, 1, 15, 9, tzinfo=UTC),
    datetime(2025, 12, 31, 21, tzinfo=UTC),
    datetime(2025, 3, 29, 22, tzinfo=UTC),
    datetime(2025, 10, 25, 21, tzinfo=UTC),
    datetime(2025, 6, 9, 22, 30, tzinfo=UTC),
]
NOTIFIED = datetime(2025, 1, 14, tzinfo=UTC)


def rows(name: str) -> list[dict]:
    """What REST was recorded to answer, which it had resolved."""
    return [{field: row[field] for field in CATALOGUE[name].columns} for row in recorded.rows(name)]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A warehouse over a lake in which IRIS submits what REST was recorded to answer, and its models' queries."""
    home = tmp_path_factory.mktemp("limits")
    write_empty_lake(home, CATALOGUE)
    for name in ("MELS", "MILS"):
        write_rows(home, RAW_IRIS, CATALOGUE[name], rows(name), LOAD)
    with pytest.MonkeyPatch.context() as patch:
        warehouse = Warehouse(home, patch)
        models = ["+bmrs_mels_unified", "+bmrs_mils_unified"]
        done = warehouse.dbt("build", "--select", *models, "--exclude-resource-type", "unit_test")
        queries = {r.node.name: r.node.compiled_code for r in done.result if r.node.resource_type == "model"}
        yield warehouse, queries


@pytest.fixture(scope="module")
def resolve(built):
    """The compiled model run on submissions: {unit: limits} -> {unit: pieces}. Every day is due."""
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'; attach ':memory:' as warehouse")
        db.execute("create schema warehouse.staging; create schema warehouse.built_days")
        for channel, source in (("bmrs", "HISTORIC"), ("iris", "IRIS")):
            db.execute(
                f"create table warehouse.staging.stg_{channel}__mels as select null::varchar as national_grid_bm_unit, "
                "null::varchar as bm_unit, null::timestamptz as from_utc, null::timestamptz as to_utc, "
                "null::bigint as notification_sequence, null::date as settlement_date, null::bigint as "
                "settlement_period, null::timestamptz as notified_at_utc, null::double as level_from_mw, "
                f"null::double as level_to_mw, '{source}' as source, null::timestamptz as fetched_at_utc, "
                "'' as load_id limit 0"
            )
        db.execute("""
            create table warehouse.built_days.bmrs_mels_unified as
            select range::date as settlement_date, true as is_due, date '2023-01-01' as reaches_from,
                date '2026-12-31' as reaches_to
            from range(timestamp '2023-01-01', timestamp '2027-01-01', interval 1 day)
        """)
        yield lambda histories: _resolved(db, built[1]["bmrs_mels_unified"], histories)


def _resolved(db, query: str, histories: dict[str, list[Limit]]) -> dict[str, list[Limit]]:
    for channel, source in (("bmrs", "HISTORIC"), ("iris", "IRIS")):
        table = f"warehouse.staging.stg_{channel}__mels"
        db.execute(f"delete from {table}")
        landed = [
            (unit, f"T_{unit}", x.start, x.end, x.sequence, None, None, x.notified, x.level_from, x.level_to, source)
            + (LOAD + x.fetched * MINUTE, "load")
            for unit, limits in histories.items()
            for x in limits
            if x.source == source
        ]
        if landed:
            db.executemany(f"insert into {table} values ({', '.join('?' * 13)})", landed)
    found: dict[str, list[Limit]] = {unit: [] for unit in histories}
    columns = "from_utc, to_utc, level_from_mw, level_to_mw, notification_sequence, notified_at_utc, source"
    for unit, *row in db.execute(f"select national_grid_bm_unit, {columns} from ({query}) order by 1, 2").fetchall():
        found[unit].append(Limit(*row))
    return found


few = st.integers(1, 4)
minutes = st.integers(0, 7 * 60)
lengths = st.one_of(st.integers(1, 90), st.integers(1, 90), st.sampled_from([30, 30, 30, 60, 27 * 60, 50 * 60]))


@st.composite
def submissions(draw, start: datetime, sequence=few) -> Limit:
    begin = start + draw(minutes) * MINUTE
    level = draw(st.integers(0, 3))
    return Limit(
        begin,
        begin + draw(lengths) * MINUTE,
        level,
        draw(st.one_of(st.just(level), st.integers(0, 3))),
        draw(sequence),
        NOTIFIED + draw(st.integers(0, 1)) * MINUTE,
    )


@st.composite
def histories(draw, units: int = 6) -> dict[str, list[Limit]]:
    found = {}
    for number in range(units):
        start = draw(st.sampled_from(STARTS))
        found[f"UNIT-{number}"] = draw(st.lists(submissions(start), min_size=1, max_size=8))
    return found


patiently = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@patiently
@given(histories(), st.randoms(use_true_random=False))
def test_the_position_is_what_the_winner_of_each_minute_says_whatever_the_order_of_arrival(resolve, limits, rng):
    expected = {unit: pieces(in_force(several)) for unit, several in limits.items()}
    for _ in range(2):
        arrived = {unit: [x._replace(fetched=rng.randrange(100)) for x in several] for unit, several in limits.items()}
        for several in arrived.values():
            rng.shuffle(several)
        assert resolve(arrived) == expected


@st.composite
def two_channels(draw) -> list[Limit]:
    """IRIS submissions of one unit, and what REST made of those that it had when it was asked, twice."""
    start = draw(st.sampled_from(STARTS))
    sequences = draw(st.permutations(range(1, 7)))
    sent = [draw(submissions(start, st.just(n))) for n in sequences]
    heard = [draw(st.integers(0, 6)), draw(st.integers(0, 6))]
    begin = start + draw(minutes) * MINUTE
    answers: list[Limit] = []
    for fetched, count in enumerate(sorted(heard)):
        seen = [piece for piece in pieces(in_force(sent[:count])) if begin <= piece.start]
        answers += [piece._replace(source="HISTORIC", fetched=fetched) for piece in seen]
    return sent + answers


@patiently
@given(st.lists(two_channels(), min_size=1, max_size=5))
def test_rest_and_iris_meet_without_a_gap_or_an_overlap_and_say_what_iris_alone_says(resolve, several):
    limits = {f"UNIT-{number}": sent for number, sent in enumerate(several)}
    found = resolve(limits)
    for unit, sent in limits.items():
        wanted = {moment: x[2:6] for moment, x in in_force([x for x in sent if x.source == "IRIS"]).items()}
        said: dict[datetime, tuple] = {}
        for piece in found[unit]:
            moment = piece.start
            while moment < piece.end:
                assert moment not in said, f"{unit} has two limits at {moment}"
                said[moment] = piece[2:6]
                moment += MINUTE
        assert said == wanted


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2023-05-24T{clock}:00+00:00")


def limit(start: str, end: str, level_from: int, level_to: int, sequence: int, **other) -> Limit:
    return Limit(at(start), at(end), level_from, level_to, sequence, NOTIFIED, **other)


def test_the_worked_cases(resolve):
    """As Elexon tells them: a later declaration cuts what it covers, and levels stay as they were submitted."""
    cases = {
        "cut short, not interpolated": (
            [limit("11:00", "11:30", 100, 40, 1), limit("11:20", "11:30", 40, 0, 2)],
            [limit("11:00", "11:20", 100, 40, 1), limit("11:20", "11:30", 40, 0, 2)],
        ),
        "across the end of two originals": (
            [limit("11:00", "11:30", 9, 9, 0), limit("11:30", "12:00", 8, 8, 1), limit("11:20", "11:45", 5, 5, 3)],
            [limit("11:00", "11:20", 9, 9, 0), limit("11:20", "11:45", 5, 5, 3), limit("11:45", "12:00", 8, 8, 1)],
        ),
        "split in two": (
            [limit("11:00", "12:00", 60, 0, 1), limit("11:20", "11:40", 5, 5, 2)],
            [limit("11:00", "11:20", 60, 0, 1), limit("11:20", "11:40", 5, 5, 2), limit("11:40", "12:00", 60, 0, 1)],
        ),
        "one piece only within a period and at one level": (
            [limit("11:00", "11:10", 5, 5, 1), limit("11:10", "11:30", 5, 5, 1), limit("11:30", "12:00", 5, 5, 1)]
            + [limit("12:00", "12:10", 5, 4, 1), limit("12:10", "12:20", 5, 4, 1)],
            [limit("11:00", "11:30", 5, 5, 1), limit("11:30", "12:00", 5, 5, 1)]
            + [limit("12:00", "12:10", 5, 4, 1), limit("12:10", "12:20", 5, 4, 1)],
        ),
        "what ends before it begins says nothing": (
            [limit("11:00", "11:30", 5, 5, 1), limit("11:20", "11:10", 1, 1, 2), limit("11:20", "11:20", 1, 1, 2)],
            [limit("11:00", "11:30", 5, 5, 1)],
        ),
        "REST wins a tie, IRIS with what REST has not heard": (
            [limit("11:00", "11:30", 5, 5, 1, source="HISTORIC"), limit("11:00", "12:00", 5, 5, 1)]
            + [limit("11:10", "11:20", 0, 0, 2)],
            [limit("11:00", "11:10", 5, 5, 1, source="HISTORIC"), limit("11:10", "11:20", 0, 0, 2)]
            + [limit("11:20", "11:30", 5, 5, 1, source="HISTORIC"), limit("11:30", "12:00", 5, 5, 1)],
        ),
    }
    found = resolve({name: given for name, (given, _) in cases.items()})
    for name, (_, wanted) in cases.items():
        assert found[name] == wanted, name


def test_a_submission_that_never_ends_takes_no_part(resolve):
    forever = limit("11:00", "12:00", 5, 5, 2)._replace(end=datetime(2099, 1, 1, tzinfo=UTC))
    usual = limit("11:00", "11:30", 9, 9, 1)
    assert resolve({"A": [forever, usual]}) == {"A": [usual]}
    month = limit("11:00", "12:00", 5, 5, 2)._replace(end=at("11:00") + timedelta(days=31))
    assert resolve({"A": [month]}) == {"A": [month]}


@pytest.mark.parametrize("name", ["MELS", "MILS"])
def test_what_rest_resolved_resolves_to_itself_when_iris_submits_it(built, name):
    warehouse, _ = built
    fields = ("nationalGridBmUnit", "bmUnit", "timeFrom", "timeTo", "notificationSequence", "settlementDate")
    fields += ("settlementPeriod", "notificationTime", "levelFrom", "levelTo")
    found = warehouse.query(f"""
        select national_grid_bm_unit, bm_unit, strftime(from_utc, '%Y-%m-%dT%H:%M:%SZ'),
            strftime(to_utc, '%Y-%m-%dT%H:%M:%SZ'), notification_sequence, settlement_date::varchar,
            settlement_period, strftime(notified_at_utc, '%Y-%m-%dT%H:%M:%SZ'), level_from_mw, level_to_mw
        from bmrs_{name.lower()}_unified where source = 'IRIS'
    """)
    wanted = {json.dumps([row[field] for field in fields]) for row in rows(name)}
    assert {json.dumps([int(x) if isinstance(x, float) else x for x in row]) for row in found} == wanted
    assert len(found) == len(wanted)
