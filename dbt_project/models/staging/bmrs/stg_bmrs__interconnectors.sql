-- One row per interconnector of the register; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'interconnectors') }}

),

renamed as (

    select

        ---------- keys
        interconnector_id,

        ---------- details
        interconnector_name,
        interconnector_bidding_zone,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
