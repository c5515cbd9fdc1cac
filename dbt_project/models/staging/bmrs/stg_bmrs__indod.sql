-- One row per published settlement day; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'indod') }}

),

renamed as (

    select

        ---------- settlement
        settlement_date,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        demand as demand_mwh,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
