-- The imbalance price against the market index, by day and by whether the system was short or long.
select
    settlement_date, system_length,
    count(spread_gbp_per_mwh) as periods_compared,
    round(avg(system_price_gbp_per_mwh), 2) as mean_system_price_gbp_per_mwh,
    round(avg(market_index_price_gbp_per_mwh), 2) as mean_market_index_gbp_per_mwh,
    round(avg(spread_gbp_per_mwh), 2) as mean_spread_gbp_per_mwh,
    min(spread_gbp_per_mwh) as lowest_spread_gbp_per_mwh,
    max(spread_gbp_per_mwh) as highest_spread_gbp_per_mwh
from {{ ref('fct_price_spread') }}
where spread_gbp_per_mwh is not null
group by settlement_date, system_length
order by settlement_date desc, system_length
