-- One row per settlement day and fuel type with SO-flagged acceptances.
{{ config(materialized='view') }}

select
    settlement_date,
    fuel_type,
    count(*) as units_flagged,
    round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
    round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
    round(sum(cashflow_gbp), 6) as cashflow_gbp,
    cast(sum(acceptance_count) as int64) as acceptance_count,
    cast(sum(unknown_acceptance_count) as int64) as unknown_acceptance_count
from {{ ref('fct_constraint_actions') }}
group by settlement_date, fuel_type
