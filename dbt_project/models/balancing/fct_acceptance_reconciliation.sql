-- One row per BM unit, settlement period and side (offer or bid) for which Elexon's own results are loaded.
{{ follow_by_settlement_day(big=true) }}

with

ours as (

    select
        settlement_date, settlement_period, national_grid_bm_unit, 'offer' as side,
        offer_volume_mwh as volume_mwh, offer_cashflow_gbp as cashflow_gbp
    from {{ ref('fct_bm_unit_balancing') }}
    where {{ in_days_at_hand() }} and coalesce(offer_volume_mwh, 1) != 0
    union all
    select settlement_date, settlement_period, national_grid_bm_unit, 'bid', bid_volume_mwh, bid_cashflow_gbp
    from {{ ref('fct_bm_unit_balancing') }}
    where {{ in_days_at_hand() }} and coalesce(bid_volume_mwh, -1) != 0

),

boav as (

    select
        settlement_date, settlement_period, coalesce(national_grid_bm_unit, bm_unit) as national_grid_bm_unit,
        bid_offer as side, sum(total_volume_accepted_mwh) as volume_mwh
    from {{ ref('bmrs_boav_unified') }}
    where {{ in_days_at_hand() }}
    group by 1, 2, 3, 4

),

ebocf as (

    select
        settlement_date, settlement_period, coalesce(national_grid_bm_unit, bm_unit) as national_grid_bm_unit,
        bid_offer as side, sum(total_cashflow_gbp) as cashflow_gbp
    from {{ ref('bmrs_ebocf_unified') }}
    where {{ in_days_at_hand() }}
    group by 1, 2, 3, 4

),

-- A period is compared once Elexon has published anything for it: its results come later, and have known holes.
periods as (

    select settlement_date, settlement_period, side, max(has_boav) = 1 as has_boav, max(has_ebocf) = 1 as has_ebocf
    from (
        select distinct settlement_date, settlement_period, side, 1 as has_boav, 0 as has_ebocf from boav
        union all
        select distinct settlement_date, settlement_period, side, 0, 1 from ebocf
    ) as published
    group by settlement_date, settlement_period, side

),

compared as (

    select
        settlement_date, settlement_period, national_grid_bm_unit, side,
        ours.volume_mwh,
        case when has_boav then coalesce(boav.volume_mwh, 0) end as elexon_volume_mwh,
        ours.cashflow_gbp,
        case when has_ebocf then coalesce(ebocf.cashflow_gbp, 0) end as elexon_cashflow_gbp,
        -- an acceptance that cannot be priced is not compared; one that we do not have counts as nothing
        case when ours.side is null then 0 else ours.volume_mwh end as our_volume,
        case when ours.side is null then 0 else ours.cashflow_gbp end as our_cashflow
    from ours
    full join boav using (settlement_date, settlement_period, national_grid_bm_unit, side)
    full join ebocf using (settlement_date, settlement_period, national_grid_bm_unit, side)
    inner join periods using (settlement_date, settlement_period, side)

)

select
    settlement_date,
    settlement_period,
    national_grid_bm_unit,
    side,
    volume_mwh,
    elexon_volume_mwh,
    round(our_volume - elexon_volume_mwh, 9) as volume_residual_mwh,
    cashflow_gbp,
    elexon_cashflow_gbp,
    round(our_cashflow - elexon_cashflow_gbp, 6) as cashflow_residual_gbp,
    -- Elexon publishes thousandths of a MWh for each acceptance, and cash after a loss multiplier near 1
    abs(our_volume - elexon_volume_mwh) <= 0.01 as is_volume_reconciled,
    abs(our_cashflow - elexon_cashflow_gbp) <= 1 + 0.05 * abs(elexon_cashflow_gbp) as is_cashflow_reconciled
from compared
