-- Days whose prices lay more than the wide spread apart (variable wide_spread_gbp_per_mwh, 50 GBP/MWh).
select
    settlement_date, price_kind, spread_gbp_per_mwh,
    trough_price_gbp_per_mwh, trough_period, peak_price_gbp_per_mwh, peak_period,
    charge_periods, discharge_periods, priced_periods
from {{ ref('fct_daily_arbitrage') }}
where is_wide_spread_day
order by spread_gbp_per_mwh desc
