-- One row per published settlement period, time of receipt, type and text of a message; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'smsg') }}

),

renamed as (

    select

        ---------- keys
        message_received_date_time as message_received_utc,
        message_type_code,
        message_text,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        start_time as start_utc,

        ---------- details
        message_severity,
        message_type,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
