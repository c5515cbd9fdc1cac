-- One row per published BM unit and moment from which the value applies; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'rure') }}

),

renamed as (

    select

        ---------- keys
        national_grid_bm_unit,
        bm_unit,
        time as effective_from_utc,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        rate1 as rate1_mw_per_minute,
        elbow2 as elbow2_mw,
        rate2 as rate2_mw_per_minute,
        elbow3 as elbow3_mw,
        rate3 as rate3_mw_per_minute,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
