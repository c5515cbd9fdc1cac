-- One row per published stretch of time and direction of the balancing state; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'cbs') }}

),

renamed as (

    select

        ---------- keys
        time_from as from_utc,
        time_to as to_utc,
        flow_direction,

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
