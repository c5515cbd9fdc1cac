-- One row per published segment of an acceptance's profile; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'boalf') }}

),

renamed as (

    select

        ---------- keys
        national_grid_bm_unit,
        bm_unit,
        acceptance_number,
        acceptance_time as accepted_at_utc,
        time_from as from_utc,
        time_to as to_utc,

        ---------- settlement
        settlement_date,
        settlement_period_from,
        settlement_period_to,

        ---------- measures
        level_from as level_from_mw,
        level_to as level_to_mw,

        ---------- flags
        deemed_bo_flag as is_deemed,
        so_flag as is_so_flagged,
        amendment_flag,
        stor_flag as is_stor_flagged,
        rr_flag as is_rr_flagged,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
