-- One row per time that a window of a dataset was asked for; every time kept.
with

source as (

    select * from {{ source('raw_bmrs', '_windows') }}

),

renamed as (

    select

        ---------- keys
        dataset,
        variant,
        window_from_utc,
        window_to_utc,
        asked_at_utc,

        ---------- settlement
        settlement_date_from,
        settlement_date_to,

        ---------- answer
        outcome,
        error,
        rows_answered,
        rows_landed,
        first_event_utc,
        last_event_utc,
        content_hash,
        body_bytes,
        tries,
        response_seconds,
        url,

        ---------- lineage
        _load_id as load_id

    from source

)

select * from renamed
