-- One row per fuel type of the register; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'fueltypes') }}

),

renamed as (

    select

        ---------- keys
        fuel_type,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
