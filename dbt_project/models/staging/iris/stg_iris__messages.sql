-- One row per message that ever landed, whatever came of it.
with

source as (

    select * from {{ source('raw_iris', '_messages') }}

),

renamed as (

    select

        ---------- keys
        message_id,
        dataset as iris_name,
        received_at_utc,
        landed_at_utc,
        channel,

        ---------- answer
        outcome,
        error,
        source.rows as rows_landed,
        bytes as body_bytes,

        ---------- lineage
        _load_id as load_id

    from source

)

select * from renamed
