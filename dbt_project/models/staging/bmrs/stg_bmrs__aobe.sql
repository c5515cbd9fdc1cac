-- One row per published document, time series, start and direction; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'aobe') }}

),

renamed as (

    select

        ---------- keys
        document_id,
        time_series_id,
        start_time as start_utc,
        flow_direction,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        quantity as quantity_mwh,
        secondary_quantity,

        ---------- details
        document_revision_number,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
