-- One row per BM unit and settlement day on which it had an acceptance.
{{ config(materialized='view') }}

with

days as (

    select
        settlement_date, national_grid_bm_unit, max(bm_unit) as bm_unit,
        round(sum(offer_volume_mwh), 9) as offer_volume_mwh,
        round(sum(bid_volume_mwh), 9) as bid_volume_mwh,
        round(sum(offer_cashflow_gbp), 6) as offer_cashflow_gbp,
        round(sum(bid_cashflow_gbp), 6) as bid_cashflow_gbp,
        round(sum(cashflow_gbp), 6) as cashflow_gbp,
        count(*) as periods_active,
        cast(sum(unknown_acceptance_count) as int64) as unknown_acceptance_count
    from {{ ref('fct_bm_unit_balancing') }}
    group by settlement_date, national_grid_bm_unit

),

-- for units that NESO has renamed since: the latest entry under Elexon's id
by_elexon_id as (

    select *
    from {{ ref('dim_bm_units') }}
    where bm_unit is not null
    qualify row_number() over (
        partition by bm_unit order by is_registered desc, last_changed_utc desc, national_grid_bm_unit
    ) = 1

),

named as (

    select
        days.*,
        coalesce(units.bm_unit_name, by_elexon_id.bm_unit_name) as bm_unit_name,
        coalesce(units.bm_unit_type, by_elexon_id.bm_unit_type) as bm_unit_type,
        coalesce(units.fuel_type, by_elexon_id.fuel_type) as fuel_type,
        coalesce(units.lead_party_id, by_elexon_id.lead_party_id) as lead_party_id,
        coalesce(units.lead_party_name, by_elexon_id.lead_party_name) as lead_party_name,
        -- the register has 0 for a unit without a capacity of its own, such as a virtual lead party's
        nullif(coalesce(units.generation_capacity_mw, by_elexon_id.generation_capacity_mw), 0) as generation_capacity_mw,
        batteries.national_grid_bm_unit is not null as is_battery,
        batteries.energy_capacity_mwh,
        calendar.periods_in_day
    from days
    left join {{ ref('dim_bm_units') }} as units on days.national_grid_bm_unit = units.national_grid_bm_unit
    left join by_elexon_id on days.bm_unit = by_elexon_id.bm_unit
    left join {{ ref('battery_units') }} as batteries on days.national_grid_bm_unit = batteries.national_grid_bm_unit
    left join {{ ref('dim_settlement_periods') }} as calendar
        on days.settlement_date = calendar.settlement_date and calendar.settlement_period = 1

)

select
    settlement_date, national_grid_bm_unit, bm_unit, bm_unit_name, bm_unit_type, fuel_type,
    lead_party_id, lead_party_name, is_battery, generation_capacity_mw,
    offer_volume_mwh, bid_volume_mwh,
    offer_cashflow_gbp, bid_cashflow_gbp, cashflow_gbp,
    round(offer_cashflow_gbp / nullif(offer_volume_mwh, 0), 6) as offer_price_gbp_per_mwh,
    round(bid_cashflow_gbp / nullif(bid_volume_mwh, 0), 6) as bid_price_gbp_per_mwh,
    round(cashflow_gbp / nullif(offer_volume_mwh - bid_volume_mwh, 0), 6) as revenue_gbp_per_mwh,
    round(cashflow_gbp / generation_capacity_mw, 6) as revenue_gbp_per_mw_day,
    round(offer_volume_mwh / generation_capacity_mw, 6) as full_load_hours,
    round(offer_volume_mwh / nullif(energy_capacity_mwh, 0), 6) as cycles,
    periods_active,
    round(periods_active / periods_in_day, 6) as workhorse_index,
    unknown_acceptance_count
from named
