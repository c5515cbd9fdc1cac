-- One row per BM unit and EIC of the register; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'bmunits') }}

),

renamed as (

    select

        ---------- keys
        national_grid_bm_unit,
        elexon_bm_unit as bm_unit,
        eic,

        ---------- flags
        fpn_flag as has_fpn,
        production_or_consumption_flag,
        credit_qualifying_status as is_credit_qualifying,
        demand_in_production_flag as is_demand_in_production,

        ---------- details
        fuel_type,
        lead_party_name,
        bm_unit_type,
        bm_unit_name,
        lead_party_id,
        demand_capacity,
        generation_capacity,
        transmission_loss_factor,
        working_day_credit_assessment_import_capability,
        non_working_day_credit_assessment_import_capability,
        working_day_credit_assessment_export_capability,
        non_working_day_credit_assessment_export_capability,
        gsp_group_id,
        gsp_group_name,
        interconnector_id,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
