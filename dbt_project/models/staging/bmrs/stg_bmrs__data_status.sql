-- One row per published settlement period and dataset; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'data_status') }}

),

renamed as (

    select

        ---------- keys
        dataset,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- details
        data_point_count,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
