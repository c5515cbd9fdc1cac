-- A virtual lead party's acceptances at or above the high price (variable high_price_gbp_per_mwh, 70 GBP/MWh): revenue, and
-- how deep they reach into the unit: energy over the capacity that the seed battery_units or the register gives.
-- For one party add: and units.lead_party_id = ...
select
    units.lead_party_name, acceptances.national_grid_bm_unit, units.bm_unit_name,
    acceptances.settlement_date, acceptances.settlement_period, acceptances.acceptance_number,
    acceptances.acceptance_price_gbp_per_mwh,
    acceptances.offer_volume_mwh, acceptances.bid_volume_mwh,
    acceptances.cashflow_gbp as revenue_gbp,
    round(acceptances.offer_volume_mwh / nullif(batteries.energy_capacity_mwh, 0), 4) as cycles,
    round(acceptances.offer_volume_mwh / nullif(units.generation_capacity_mw, 0), 4) as full_load_hours
from {{ ref('bmrs_boalf_complete') }} as acceptances
inner join {{ ref('dim_bm_units') }} as units on acceptances.national_grid_bm_unit = units.national_grid_bm_unit
left join {{ ref('battery_units') }} as batteries on acceptances.national_grid_bm_unit = batteries.national_grid_bm_unit
where
    units.bm_unit_type = 'V'
    and acceptances.acceptance_price_gbp_per_mwh >= {{ var('high_price_gbp_per_mwh') }}
    and acceptances.offer_volume_mwh > 0
order by revenue_gbp desc
