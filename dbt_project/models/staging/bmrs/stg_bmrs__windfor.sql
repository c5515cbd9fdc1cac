-- One row per published forecast hour; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'windfor') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        generation as generation_mw,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
