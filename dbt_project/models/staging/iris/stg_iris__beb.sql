-- One row per published document, balancing energy bid, start and direction; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'beb') }}

),

renamed as (

    select

        ---------- keys
        document_id,
        bid_id,
        start_time as start_utc,
        flow_direction,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        quantity as quantity_mw,
        energy_price as energy_price_gbp_per_mwh,

        ---------- details
        document_revision_number,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
