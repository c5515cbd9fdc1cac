-- One row per published settlement period and kind of plant; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'actual_per_type') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,
        psr_type,
        business_type,

        ---------- settlement
        settlement_period,

        ---------- measures
        quantity as quantity_mw,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
