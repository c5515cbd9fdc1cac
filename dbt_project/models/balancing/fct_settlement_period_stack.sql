-- One row per settlement period, side (OFFER or BID) and price at which volume was accepted.
{{ config(materialized='view') }}

with

actions as (

    select
        settlement_date, settlement_period, start_utc, national_grid_bm_unit, is_so_flagged, 'OFFER' as side,
        offer_price_gbp_per_mwh as price_gbp_per_mwh, offer_volume_mwh as volume_mwh
    from {{ ref('fct_acceptance_volumes') }}
    where offer_volume_mwh > 0
    union all
    select
        settlement_date, settlement_period, start_utc, national_grid_bm_unit, is_so_flagged, 'BID',
        bid_price_gbp_per_mwh, bid_volume_mwh
    from {{ ref('fct_acceptance_volumes') }}
    where bid_volume_mwh < 0

),

by_price as (

    select
        settlement_date, settlement_period, start_utc, side, price_gbp_per_mwh,
        sum(volume_mwh) as volume_mwh,
        sum(case when is_so_flagged then volume_mwh else 0 end) as so_flagged_volume_mwh,
        count(distinct national_grid_bm_unit) as bm_unit_count
    from actions
    group by settlement_date, settlement_period, start_utc, side, price_gbp_per_mwh

)

select
    settlement_date,
    settlement_period,
    start_utc,
    side,
    price_gbp_per_mwh,
    round(volume_mwh, 9) as volume_mwh,
    round(so_flagged_volume_mwh, 9) as so_flagged_volume_mwh,
    round(sum(volume_mwh) over (
        partition by settlement_date, settlement_period, side
        order by case side when 'OFFER' then price_gbp_per_mwh else -price_gbp_per_mwh end
        rows unbounded preceding
    ), 9) as cumulative_volume_mwh,
    bm_unit_count
from by_price
