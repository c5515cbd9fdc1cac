"""What has stopped reporting: a job that did not run, a dataset, receiver or load of which nothing is heard any more.

``gb-power status`` judges what it finds. This judges what it does not find, so that nothing can stop without a sound.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from loaders.alerts.state import AlertState
from loaders.config import Settings
from loaders.jobs import SCHEDULE
from loaders.status.check import Check

LOAD = "gb-power load "
LATE = 3  # intervals without it after which a job is missed, and failures after which it is broken
MISSING = 1  # exit code of what did its work and says that something is missing: other checks say how bad that is
PARTS = {  # a check that, once seen, must go on -> the check that says why it cannot, and what to look at
    "loads": ("lake", "gb-power load"),
    "warehouse_age": ("warehouse", "gb-power build"),
    "receiver_silence": ("receiver", "gb-power iris run"),
}


def absent(checks: list[Check], known: set[tuple[str, str | None]]) -> Iterator[Check]:
    """Critical checks for what was seen in an earlier run and is not in this one."""
    here = {(check.name, check.dataset) for check in checks}
    critical = {check.name for check in checks if check.state == "critical" and check.dataset is None}
    for name, (reason, command) in PARTS.items():
        if (name, None) in known and reason not in critical:
            gone = (name, None) not in here
            message = f"{name} was reported before and is not any more" if gone else "it reports"
            yield Check(f"absent_{name}", None, "critical" if gone else "ok", message, command=command)
    if "lake" in critical:
        return  # which was said, and is why no dataset can be judged
    reporting = {check.dataset for check in checks}
    for dataset in sorted({name for _, name in known if name}):
        gone = dataset not in reporting
        message = f"nothing is known of it any more; if that is meant, 'gb-power alert --forget {dataset}'"
        yield Check(
            "absent", dataset, "critical" if gone else "ok", message if gone else "it reports", command=LOAD + dataset
        )


def job_checks(settings: Settings, now: datetime, state: AlertState) -> Iterator[Check]:
    """What came of each scheduled job, and whether it still runs; ``gb-power job`` writes what is read here."""
    for name, seconds in SCHEDULE[settings.role].items():
        if not (settings.jobs / f"{name}.json").exists():
            yield _never_ran(name, seconds, state.since(f"job_{name}") or now, now)
    for path in sorted(settings.jobs.glob("*.json")):
        try:
            yield _job(path, json.loads(path.read_text()), now)
        except (OSError, ValueError, KeyError, TypeError) as error:
            yield Check(f"job_{path.stem}", None, "critical", f"{path} cannot be read: {error!r}")


def _never_ran(name: str, seconds: int, since: datetime, now: datetime) -> Check:
    """A job of the schedule without a trace; late from the first time that it was looked for."""
    if (now - since).total_seconds() <= LATE * seconds:
        return Check(f"job_{name}", None, "ok", "has not run yet", since_utc=since)
    message = f"never ran; it should every {seconds / 60:g} min. Is the crontab installed, or are the timers?"
    return Check(f"job_{name}", None, "critical", message, since_utc=since, command="crontab -l")


def _job(path: Path, job: dict, now: datetime) -> Check:
    name, seconds, failures = f"job_{path.stem}", job["every_seconds"], job["failures"]
    ended = datetime.fromisoformat(job["ended_utc"] or job["first_run_utc"])
    age = (now - ended).total_seconds()
    more = {"value": round(age / 60, 1), "unit": "min", "since_utc": ended, "command": job["command"]}
    if seconds and age > LATE * seconds:
        return Check(
            name, None, "critical", f"has not run to its end since; it should every {seconds / 60:g} min", **more
        )
    if failures:
        text = f"{failures} runs in a row failed, the last with exit code {job['exit_code']}"
        is_broken = failures >= LATE and job["exit_code"] != MISSING
        return Check(name, None, "critical" if is_broken else "warning", text, **more)
    return Check(name, None, "ok", "ended well", **more)
