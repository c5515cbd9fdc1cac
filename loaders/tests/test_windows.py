"""Settlement days and the windows they are asked in."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loaders.catalogue import load_catalogue
from loaders.windows import day_start, period_start, periods_in_day, request_of, settlement_day, windows

CATALOGUE = load_catalogue()


@pytest.mark.parametrize(
    ("day", "periods"),
    [("2025-03-30", 46), ("2026-03-29", 46), ("2025-10-26", 50), ("2026-10-25", 50), ("2026-08-01", 48)],
)
def test_a_settlement_day_has_as_many_periods_as_its_clock_says(day, periods):
    assert periods_in_day(date.fromisoformat(day)) == periods


@pytest.mark.parametrize(
    ("day", "period", "start"),
    [  # measured by public repositories, or by the rule of the BSC
        ("2026-08-01", 1, "2026-07-31T23:00"),
        ("2026-08-01", 5, "2026-08-01T01:00"),
        ("2026-03-29", 46, "2026-03-29T22:30"),
        ("2026-10-25", 1, "2026-10-24T23:00"),
        ("2026-10-25", 50, "2026-10-25T23:30"),
        ("2022-01-01", 48, "2022-01-01T23:30"),
    ],
)
def test_a_settlement_period_starts_where_settlement_says(day, period, start):
    assert period_start(date.fromisoformat(day), period) == datetime.fromisoformat(start).replace(tzinfo=UTC)


def test_a_period_that_the_day_does_not_have_is_refused():
    with pytest.raises(ValueError, match="46 settlement periods, not 47"):
        period_start(date(2026, 3, 29), 47)


def test_the_last_half_hour_before_midnight_in_summer_belongs_to_the_next_settlement_day():
    assert settlement_day(datetime(2026, 7, 31, 23, 30, tzinfo=UTC)) == date(2026, 8, 1)


def test_a_year_of_daily_windows_leaves_no_moment_out_and_asks_every_boundary_twice():
    year = list(windows(CATALOGUE["BOALF"], date(2025, 1, 1), date(2025, 12, 31)))
    assert len(year) == 365
    assert (year[0].start, year[-1].end) == (day_start(date(2025, 1, 1)), day_start(date(2026, 1, 1)))
    assert all(before.end == after.start for before, after in zip(year, year[1:], strict=False))


def test_a_summer_day_is_asked_by_london_midnights_in_utc():
    (window,) = windows(CATALOGUE["BOALF"], date(2026, 8, 1), date(2026, 8, 1))
    path, params = request_of(CATALOGUE["BOALF"], window)
    assert path == "/datasets/BOALF/stream"
    assert params == {"from": "2026-07-31T23:00Z", "to": "2026-08-01T23:00Z"}


def test_metered_output_is_asked_by_period_start_so_the_day_ends_half_an_hour_early():
    (window,) = windows(CATALOGUE["B1610"], date(2026, 8, 1), date(2026, 8, 1))
    assert request_of(CATALOGUE["B1610"], window)[1] == {"from": "2026-07-31T23:00Z", "to": "2026-08-01T22:30Z"}


def test_a_path_with_a_period_is_asked_once_for_each_period_and_side_of_a_fifty_period_day():
    asked = list(windows(CATALOGUE["ISPSTACK"], date(2026, 10, 25), date(2026, 10, 25)))
    paths = [request_of(CATALOGUE["ISPSTACK"], window)[0] for window in asked]
    assert len(paths) == len(set(paths)) == 100
    assert "/balancing/settlement/stack/all/offer/2026-10-25/50" in paths


def test_windows_of_many_days_cover_the_days_asked_and_no_more():
    entry = CATALOGUE["INDOD"]
    asked = list(windows(entry, date(2022, 1, 10), date(2024, 12, 31)))
    assert max((window.last - window.first).days + 1 for window in asked) == entry.rest.window.days > 1
    days = [window.first + timedelta(n) for window in asked for n in range((window.last - window.first).days + 1)]
    assert days == [date(2022, 1, 10) + timedelta(n) for n in range(1087)]


def test_a_snapshot_is_one_window_without_days():
    (window,) = windows(CATALOGUE["BMUNITS"], date(2024, 1, 1), date(2024, 2, 1))
    assert (window.first, window.start) == (None, None)
