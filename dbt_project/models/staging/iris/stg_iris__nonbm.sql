-- One row per published settlement period; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'nonbm') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        generation as generation_mw,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
