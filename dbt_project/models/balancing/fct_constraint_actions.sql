-- One row per BM unit and settlement day on which it had SO-flagged acceptances.
{{ config(materialized='view') }}

with

flagged as (

    select
        settlement_date, national_grid_bm_unit, max(bm_unit) as bm_unit,
        round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
        round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
        round(sum(cashflow_gbp), 6) as cashflow_gbp,
        count(distinct acceptance_number) as acceptance_count,
        count(distinct case when validation_flag in ('NO_BOD', 'NO_PN') then acceptance_number end)
            as unknown_acceptance_count
    from {{ ref('bmrs_boalf_complete') }}
    where is_so_flagged
    group by settlement_date, national_grid_bm_unit

)

select
    flagged.settlement_date,
    flagged.bm_unit,
    flagged.national_grid_bm_unit,
    units.fuel_type,
    flagged.offer_volume_mwh,
    flagged.bid_volume_mwh,
    flagged.cashflow_gbp,
    flagged.acceptance_count,
    flagged.unknown_acceptance_count
from flagged
left join {{ ref('dim_bm_units') }} as units on flagged.national_grid_bm_unit = units.national_grid_bm_unit
