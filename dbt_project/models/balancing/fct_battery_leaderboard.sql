-- One row per battery and settlement day on which it had an acceptance: its revenue and its rank.
with

days as (

    select *, {{ day_number('settlement_date') }} as day_number
    from {{ ref('fct_bm_unit_revenue') }}
    where is_battery

)

select
    settlement_date,
    national_grid_bm_unit,
    bm_unit,
    bm_unit_name,
    lead_party_name,
    generation_capacity_mw,
    offer_volume_mwh,
    bid_volume_mwh,
    cashflow_gbp,
    revenue_gbp_per_mwh,
    revenue_gbp_per_mw_day,
    full_load_hours,
    cycles,
    case when cashflow_gbp is not null then rank() over (
        partition by settlement_date order by case when cashflow_gbp is null then 1 else 0 end, cashflow_gbp desc
    ) end as day_rank,
    round(sum(cashflow_gbp) over week, 6) as cashflow_7_days_gbp,
    round(sum(cashflow_gbp) over month, 6) as cashflow_30_days_gbp,
    cast(count(cashflow_gbp) over month as int64) as days_active_in_30_days
from days
window
    week as (partition by national_grid_bm_unit order by day_number range between 6 preceding and current row),
    month as (partition by national_grid_bm_unit order by day_number range between 29 preceding and current row)
