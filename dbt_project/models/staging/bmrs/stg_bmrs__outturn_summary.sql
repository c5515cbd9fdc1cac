-- One row per published averaged period and fuel type; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'outturn_summary') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,
        fuel_type,

        ---------- settlement
        settlement_period,

        ---------- measures
        generation as generation_mw,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
