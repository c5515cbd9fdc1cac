-- One row per published BM unit and moment from which the value applies; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'mnzt') }}

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
        period_min as period_min_minutes,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
