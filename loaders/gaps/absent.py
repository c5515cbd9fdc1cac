"""What Elexon was asked for and does not have, written down with the moment, and when to ask for it again.

Data may come late, so an absence is never final: it is asked for again after a delay that grows with its age. What is
due for less than a day is late, not absent, and stays a gap.
"""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from loaders.build import run_dbt
from loaders.config import RAW_BMRS, Settings
from loaders.gaps.gap import delay
from loaders.held import held_by, tuples
from loaders.landing import KNOWN_ABSENT

LATE_UNTIL = timedelta(days=1)  # after it should have been published
MODELS = ("asked_days", "period_coverage_by_day", "period_coverage", "expected_periods", "data_gaps")
STILL_MISSING = f"""
    select expected.dataset, expected.settlement_date, expected.settlement_period, readings_held, readings_expected,
        asked.outcome, first.asked_at_utc
    from expected_periods as expected
    join asked_days as asked on asked.dataset = expected.dataset and asked.settlement_date = expected.settlement_date
    left join (
        select dataset, settlement_date, settlement_period, min(asked_at_utc) as asked_at_utc
        from {RAW_BMRS}._known_absent group by dataset, settlement_date, settlement_period
    ) as first
        on first.dataset = expected.dataset and first.settlement_date = expected.settlement_date
        and first.settlement_period is not distinct from expected.settlement_period
    where readings_held < readings_expected and outcome in ('answered', 'empty')
        and asked.asked_at_utc >= @began and published_by_utc <= @late
        and (known_absent_because is null or known_absent_at_utc is not null)
"""
ANSWERS = {"empty": "Elexon's answer was empty", "answered": "Elexon's answer was without it"}


class CannotLookAgain(RuntimeError):
    """What was asked for has landed, but dbt could not tell what is missing still."""


def refresh(settings: Settings, datasets: set[str]) -> None:
    """Builds again what the gaps of some datasets are told from.

    Raises:
        CannotLookAgain: dbt failed.
    """
    unified = [f"bmrs_{name.lower()}_unified" for name in sorted(datasets)]
    built = run_dbt(settings, ["run", "--select", *unified, *MODELS], quiet=True)
    if not built.green:
        raise CannotLookAgain("; ".join(built.failures) or f"dbt ended with exit code {built.code}")


def absences(settings: Settings, warehouse: Path, began: datetime, now: datetime, load_id: str) -> pa.Table:
    """Rows of ``_known_absent``: what is missing still although it was asked for since ``began``, and answered."""
    values = {"began": began, "late": now - LATE_UNTIL}
    missing = tuples(held_by(settings).ask(STILL_MISSING, values, warehouse))
    rows = [
        {
            "dataset": dataset, "settlement_date": day, "settlement_period": period,
            "asked_at_utc": now, "answer": ANSWERS[outcome],
            "readings_held": held, "readings_expected": expected,
            "ask_again_at_utc": now + delay(now - (first or now)), "_load_id": load_id,
        }
        for dataset, day, period, held, expected, outcome, first in missing
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, KNOWN_ABSENT)
