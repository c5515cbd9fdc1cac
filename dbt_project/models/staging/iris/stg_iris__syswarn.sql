-- One row per published system warning; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'syswarn') }}

),

renamed as (

    select

        ---------- keys
        publish_time as published_at_utc,
        warning_type,
        warning_text,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
