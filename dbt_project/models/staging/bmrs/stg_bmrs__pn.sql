-- One row per published piece of a BM unit's physical notification; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'pn') }}

),

renamed as (

    select

        ---------- keys
        national_grid_bm_unit,
        bm_unit,
        time_from as from_utc,
        time_to as to_utc,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        level_from as level_from_mw,
        level_to as level_to_mw,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
