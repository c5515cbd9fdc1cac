-- One row per published settlement period and data provider; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'mid') }}

),

renamed as (

    select

        ---------- keys
        start_time as start_utc,
        data_provider,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        price as price_gbp_per_mwh,
        volume as volume_mwh,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
