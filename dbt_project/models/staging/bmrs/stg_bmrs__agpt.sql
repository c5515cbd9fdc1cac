-- One row per published settlement period and kind of plant; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'agpt') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,
        psr_type,
        business_type,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        quantity as quantity_mw,

        ---------- details
        document_id,
        document_revision_number,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
