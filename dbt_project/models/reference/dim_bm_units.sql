-- One row per BM unit that was ever in the register: its last known state.
with

latest as (

    select *
    from {{ ref('dim_bm_units_history') }}
    qualify row_number() over (partition by national_grid_bm_unit order by valid_from_utc desc) = 1

),

first_seen as (

    select national_grid_bm_unit, min(valid_from_utc) as first_seen_utc
    from {{ ref('dim_bm_units_history') }}
    group by national_grid_bm_unit

)

select
    latest.national_grid_bm_unit,
    latest.bm_unit,
    latest.bm_unit_name,
    latest.bm_unit_type,
    latest.fuel_type,
    latest.eic,
    latest.lead_party_id,
    latest.lead_party_name,
    latest.generation_capacity_mw,
    latest.demand_capacity_mw,
    latest.gsp_group_id,
    latest.gsp_group_name,
    latest.interconnector_id,
    latest.production_or_consumption_flag,
    latest.transmission_loss_factor,
    latest.working_day_credit_assessment_import_capability_mw,
    latest.non_working_day_credit_assessment_import_capability_mw,
    latest.working_day_credit_assessment_export_capability_mw,
    latest.non_working_day_credit_assessment_export_capability_mw,
    latest.has_fpn,
    latest.is_credit_qualifying,
    latest.is_demand_in_production,
    latest.valid_to_utc is null as is_registered,
    first_seen.first_seen_utc,
    latest.valid_from_utc as last_changed_utc,
    latest.valid_to_utc as left_register_utc
from latest
inner join first_seen on latest.national_grid_bm_unit = first_seen.national_grid_bm_unit
