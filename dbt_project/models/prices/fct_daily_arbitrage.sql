-- One row per settlement day and kind of price (system price, market index): what its trough and its peak were worth.
with

priced as (

    select
        settlement_date, settlement_period, 'system price' as price_kind, system_price_gbp_per_mwh as price
    from {{ ref('fct_price_spread') }}
    where system_price_gbp_per_mwh is not null
    union all
    select settlement_date, settlement_period, 'market index', market_index_price_gbp_per_mwh
    from {{ ref('fct_price_spread') }}
    where market_index_price_gbp_per_mwh is not null

),

placed as (

    select
        *,
        min(price) over (partition by settlement_date, price_kind) as trough_price,
        max(price) over (partition by settlement_date, price_kind) as peak_price
    from priced

)

select
    settlement_date,
    price_kind,
    count(*) as priced_periods,
    min(price) as trough_price_gbp_per_mwh,
    min(case when price = trough_price then settlement_period end) as trough_period,
    max(price) as peak_price_gbp_per_mwh,
    min(case when price = peak_price then settlement_period end) as peak_period,
    round(max(price) - min(price), 6) as spread_gbp_per_mwh,
    count(case when price <= {{ var('charge_at_most_gbp_per_mwh') }} then 1 end) as charge_periods,
    count(case when price >= {{ var('discharge_at_least_gbp_per_mwh') }} then 1 end) as discharge_periods,
    round(avg(case when price <= {{ var('charge_at_most_gbp_per_mwh') }} then price end), 9)
        as mean_charge_price_gbp_per_mwh,
    round(avg(case when price >= {{ var('discharge_at_least_gbp_per_mwh') }} then price end), 9)
        as mean_discharge_price_gbp_per_mwh,
    max(price) - min(price) >= {{ var('worthwhile_spread_gbp_per_mwh') }} as is_worth_a_cycle,
    max(price) - min(price) > {{ var('wide_spread_gbp_per_mwh') }} as is_wide_spread_day
from placed
group by settlement_date, price_kind
