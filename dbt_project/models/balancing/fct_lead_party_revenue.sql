-- One row per lead party, kind of unit (its own or virtual) and settlement day with an acceptance.
{{ config(materialized='view') }}

select
    settlement_date,
    lead_party_id,
    max(lead_party_name) as lead_party_name,
    coalesce(bm_unit_type = 'V', false) as is_virtual_lead_party,
    count(*) as units_active,
    round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
    round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
    round(sum(offer_cashflow_gbp), 6) as offer_cashflow_gbp,
    round(sum(bid_cashflow_gbp), 6) as bid_cashflow_gbp,
    round(sum(cashflow_gbp), 6) as cashflow_gbp,
    round(sum(cashflow_gbp) / nullif(sum(offer_volume_mwh - bid_volume_mwh), 0), 6) as revenue_gbp_per_mwh,
    cast(sum(unknown_acceptance_count) as int64) as unknown_acceptance_count
from {{ ref('fct_bm_unit_revenue') }}
group by settlement_date, lead_party_id, coalesce(bm_unit_type = 'V', false)
