-- One row per published BM unit and settlement period; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'b1610') }}

),

renamed as (

    select

        ---------- keys
        bm_unit,
        national_grid_bm_unit_id as national_grid_bm_unit,

        ---------- settlement
        settlement_date,
        settlement_period,
        settlement_run_type,

        ---------- times
        half_hour_end_time as end_utc,

        ---------- measures
        quantity as quantity_mwh,

        ---------- details
        psr_type,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
