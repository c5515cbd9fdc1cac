-- One row per published offered trade, direction, start and trader unit; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'soso') }}

),

renamed as (

    select

        ---------- keys
        contract_identification,
        trade_direction,
        start_time as start_utc,
        end_time as end_utc,
        trader_unit,

        ---------- settlement
        settlement_date,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        trade_quantity as trade_quantity_mw,
        trade_price as trade_price_gbp_per_mwh,

        ---------- details
        sender_identification,
        receiver_identification,
        resource_provider,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
