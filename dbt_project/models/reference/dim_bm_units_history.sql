-- One row per BM unit and state of its entry in the register.
select
    national_grid_bm_unit,
    dbt_valid_from as valid_from_utc,
    dbt_valid_to as valid_to_utc,
    bm_unit,
    bm_unit_name,
    bm_unit_type,
    fuel_type,
    eic,
    lead_party_id,
    lead_party_name,
    cast(generation_capacity as {{ float64() }}) as generation_capacity_mw,
    cast(demand_capacity as {{ float64() }}) as demand_capacity_mw,
    gsp_group_id,
    gsp_group_name,
    interconnector_id,
    production_or_consumption_flag,
    cast(transmission_loss_factor as {{ float64() }}) as transmission_loss_factor,
    cast(working_day_credit_assessment_import_capability as {{ float64() }})
        as working_day_credit_assessment_import_capability_mw,
    cast(non_working_day_credit_assessment_import_capability as {{ float64() }})
        as non_working_day_credit_assessment_import_capability_mw,
    cast(working_day_credit_assessment_export_capability as {{ float64() }})
        as working_day_credit_assessment_export_capability_mw,
    cast(non_working_day_credit_assessment_export_capability as {{ float64() }})
        as non_working_day_credit_assessment_export_capability_mw,
    has_fpn,
    is_credit_qualifying,
    is_demand_in_production
from {{ ref('bm_units_snapshot') }}
