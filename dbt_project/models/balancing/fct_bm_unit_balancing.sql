-- One row per BM unit and settlement period in which it had an acceptance.
{{ price_by_settlement_day(big=false) }}

with

pairs as (

    select
        national_grid_bm_unit, start_utc,
        sum(offer_volume_mwh * coalesce(offer_price_gbp_per_mwh, 0)) as offer_cashflow_gbp,
        sum(bid_volume_mwh * coalesce(bid_price_gbp_per_mwh, 0)) as bid_cashflow_gbp
    from {{ ref('fct_acceptance_volumes') }}
    where {{ in_days_at_hand() }}
    group by national_grid_bm_unit, start_utc

),

acceptances as (

    select
        national_grid_bm_unit, max(bm_unit) as bm_unit, start_utc,
        max(settlement_date) as settlement_date,
        max(settlement_period) as settlement_period,
        round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
        round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
        round(sum(unpriced_volume_mwh), 9) as unpriced_volume_mwh,
        round(sum(cashflow_gbp), 6) as cashflow_gbp,
        count(*) as acceptance_count,
        sum(case when validation_flag in ('NO_BOD', 'NO_PN') then 1 else 0 end) as unknown_acceptance_count
    from {{ ref('bmrs_boalf_complete') }}
    where {{ in_days_at_hand() }}
    group by national_grid_bm_unit, start_utc

)

select
    bm_unit,
    national_grid_bm_unit,
    settlement_date,
    settlement_period,
    start_utc,
    offer_volume_mwh,
    bid_volume_mwh,
    round(offer_volume_mwh + bid_volume_mwh, 9) as net_volume_mwh,
    unpriced_volume_mwh,
    round(offer_cashflow_gbp / nullif(offer_volume_mwh, 0), 9) as offer_price_gbp_per_mwh,
    round(bid_cashflow_gbp / nullif(bid_volume_mwh, 0), 9) as bid_price_gbp_per_mwh,
    case when offer_volume_mwh is not null then round(coalesce(offer_cashflow_gbp, 0), 6) end as offer_cashflow_gbp,
    case when bid_volume_mwh is not null then round(coalesce(bid_cashflow_gbp, 0), 6) end as bid_cashflow_gbp,
    cashflow_gbp,
    acceptance_count,
    cast(unknown_acceptance_count as int64) as unknown_acceptance_count
from acceptances
left join pairs using (national_grid_bm_unit, start_utc)
