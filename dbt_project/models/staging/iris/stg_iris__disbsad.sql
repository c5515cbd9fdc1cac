-- One row per published adjustment action of a settlement period; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'disbsad') }}

),

renamed as (

    select

        ---------- keys
        id,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        cost as cost_gbp,
        volume as volume_mwh,

        ---------- flags
        so_flag as is_so_flagged,
        stor_flag as is_stor_flagged,
        is_tendered,

        ---------- details
        party_id,
        asset_id,
        service,

        ---------- lineage
        false as is_whole_day,
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
