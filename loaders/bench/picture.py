"""Draws dbt_project/assets/pricing.svg: a worked example of pricing, every point of it computed.

``python -m loaders.bench.picture`` writes it anew. The example is B of the worked ones: a unit notified 100 MW, an
acceptance lifts it to 140 MW, and while it comes back a second one brings it down faster.
"""

from pathlib import Path

ASSET = Path(__file__).resolve().parents[2] / "dbt_project" / "assets" / "pricing.svg"
FPN = [(0, 100), (30, 100)]
FIRST = [(0, 100), (5, 100), (15, 140), (20, 140), (30, 100)]
SECOND = [(0, 100), (5, 100), (15, 140), (20, 140), (25, 110), (30, 100)]
BANDS = {1: (100, 120, 60, 50), 2: (120, 150, 80, 70)}  # pair: from MW, to MW, offer GBP/MWh, bid GBP/MWh
FILL = {1: "#4e9fc4", 2: "#1f6f8b"}
UNDO = {1: "#f0b45c", 2: "#cf7f1f"}
INK, SOFT, LINE = "#1d2327", "#5d666d", "#dcdcd6"
WIDTH, HEIGHT, TOP, LOW, HIGH = 360, 230, 62, 90, 156
LEFTS = (48, 470)


def level(line: list[tuple], minute: float) -> float:
    """A profile's MW at a minute."""
    for (t0, x0), (t1, x1) in zip(line, line[1:], strict=False):
        if t0 <= minute <= t1:
            return x0 + (x1 - x0) * (minute - t0) / (t1 - t0)
    raise ValueError(minute)


def cuts(lines: list[list[tuple]], edges: tuple[float, float]) -> list[float]:
    """Every knot of the lines and every moment at which one crosses an edge: in between, all is straight."""
    found = set()
    for line in lines:
        for (t0, x0), (t1, x1) in zip(line, line[1:], strict=False):
            found |= {t0, t1}
            found |= {t0 + (t1 - t0) * (e - x0) / (x1 - x0) for e in edges if min(x0, x1) < e < max(x0, x1)}
    return sorted(found)


def area(before: list[tuple], after: list[tuple], pair: int) -> tuple[list[tuple], float]:
    """The polygon between two profiles within a pair's band, and its MWh: offers positive, bids negative."""
    floor, ceiling, *_ = BANDS[pair]
    times = cuts([before, after], (floor, ceiling))
    upper, lower = ([(t, min(max(level(line, t), floor), ceiling)) for t in times] for line in (after, before))
    gaps = [u[1] - b[1] for u, b in zip(upper, lower, strict=True)]
    steps = [(b - a) * (g + h) / 120 for a, b, g, h in zip(times, times[1:], gaps, gaps[1:], strict=False)]
    return upper + lower[::-1], sum(steps)


def panel(left: float, title: str, before: list[tuple], after: list[tuple]) -> list[str]:
    """One acceptance: bands, areas, the profiles before and after it, and what it is worth."""

    def x(t: float) -> str:
        return f"{left + t / 30 * WIDTH:.1f}"

    def y(mw: float) -> str:
        return f"{TOP + (HIGH - mw) / (HIGH - LOW) * HEIGHT:.1f}"

    def path(line: list[tuple]) -> str:
        return " ".join(f"{x(t)},{y(mw)}" for t, mw in line)

    drawn = [text(left, 26, title, size=15, weight=600)]
    for mw in (100, 120, 150):
        drawn.append(f'<line x1="{x(0)}" x2="{x(30)}" y1="{y(mw)}" y2="{y(mw)}" stroke="{LINE}"/>')
        drawn.append(text(left - 6, float(y(mw)) + 4, str(mw), anchor="end", size=11, colour=SOFT))
    for minute in (0, 10, 20, 30):
        drawn.append(text(float(x(minute)), TOP + HEIGHT + 16, f"{minute} min", anchor="middle", size=11, colour=SOFT))
    lines, cash = [], 0.0
    for pair, (floor, ceiling, offer, bid) in BANDS.items():
        polygon, mwh = area(before, after, pair)
        colour, kind, price = (FILL, "offer", offer) if mwh > 0 else (UNDO, "bid", bid)
        cash += mwh * price
        drawn.append(f'<polygon points="{path(polygon)}" fill="{colour[pair]}"/>')
        drawn.append(text(left + 5, float(y((floor + ceiling) / 2)) + 4, f"pair +{pair}", size=11, colour=SOFT))
        lines.append((colour[pair], f"+{pair} {kind}: {mwh:.3f} MWh × {price} £/MWh = £{mwh * price:,.2f}"))
    drawn.append(f'<polyline points="{path(before)}" fill="none" stroke="{INK}" stroke-dasharray="5 4"/>')
    drawn.append(f'<polyline points="{path(after)}" fill="none" stroke="{INK}" stroke-width="2"/>')
    for number, (colour, line) in enumerate(lines):
        at = TOP + HEIGHT + 42 + 20 * number
        drawn.append(f'<rect x="{left}" y="{at - 10}" width="12" height="12" fill="{colour}"/>')
        drawn.append(text(left + 18, at, line.replace("£-", "−£").replace("-", "−"), size=12))
    worth = f"to the unit: £{cash:,.2f}".replace("£-", "−£")
    return [*drawn, text(left + 18, TOP + HEIGHT + 82, worth, size=12, weight=600)]


def text(x: float, y: float, words: str, anchor="start", size=12, weight=400, colour=INK) -> str:
    """Some words."""
    look = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{words}</text>'


def picture() -> str:
    """The whole drawing."""
    drawn = [
        *panel(LEFTS[0], "Acceptance 1: above the notification", FPN, FIRST),
        *panel(LEFTS[1], "Acceptance 2: part of that is taken back", FIRST, SECOND),
        text(LEFTS[0], 46, "MW. Dashed: the profile before; solid: after; shaded: the difference, band by band",
             size=11, colour=SOFT),
    ]  # fmt: skip
    size = f'width="860" height="{TOP + HEIGHT + 100}" viewBox="0 0 860 {TOP + HEIGHT + 100}"'
    font = 'font-family="system-ui, Helvetica, Arial, Liberation Sans, sans-serif"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} role="img">'
    says = "<title>How an acceptance is priced: the areas between two profiles within the bands of the pairs</title>"
    ground = '<rect width="100%" height="100%" rx="8" fill="#fdfdfb"/>'  # the same on a dark page
    return "\n".join([head, says, ground, *drawn, "</svg>", ""])


if __name__ == "__main__":
    ASSET.write_text(picture(), encoding="utf-8")
