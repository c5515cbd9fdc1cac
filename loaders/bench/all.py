"""scripts/bench all: every measurement, then one table of them, which is the docs' page about speed."""

import os
import platform
from datetime import UTC, datetime

from loaders.bench import iris, landing, pricing
from loaders.bench.measure import OUT, Line
from loaders.build import PROJECT

PAGE = PROJECT / "models" / "docs" / "performance.md"
TEXT = """\
{{% docs performance %}}
## How fast, and with how much memory

Measured by `scripts/bench all` on {day}, one run, on a shared machine of {cores} cores ({machine}, Python {python}),
with generated data of realistic size. Seconds depend on the machine; ratios are taken side by side and do not much. The
last column is what the design set out to reach.

| work | takes | beside it | peak MB | to reach |
|---|--:|---|--:|--:|
{lines}

Where a row falls short: landing checks every value's type, and decoding JSON into checked values is most of its time;
DuckDB's reader is faster and takes `"7"`, `true` and `2.5` for an integer without a word. The answers of the bench's
server are made on the same cores that decode them. Pricing is timed by dbt's clock: what DuckDB writes
when dbt closes the file (1.7 s of CPU after the new day) is not in it.
{{% enddocs %}}
"""


def main() -> None:
    """Prints all tables and writes the page; takes about twenty minutes."""
    lines = [line for bench in (landing, iris, pricing) for line in bench.main()]
    text = TEXT.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        cores=os.cpu_count(),
        machine=platform.machine(),
        python=platform.python_version(),
        lines="\n".join(map(_row, lines)),
    )
    PAGE.write_text(text, encoding="utf-8")
    OUT.print(text, markup=False, soft_wrap=True)
    OUT.print(f"Written to {PAGE.name}")


def _row(line: Line) -> str:
    return f"| {line.work} | {line.figure} | {line.beside} | {line.peak_mb:.0f} | {line.wanted} |"


if __name__ == "__main__":
    main()
