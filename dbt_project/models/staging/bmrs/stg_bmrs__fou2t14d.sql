-- One row per published forecast day and fuel type or interconnector; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'fou2t14d') }}

),

renamed as (

    select

        ---------- keys
        forecast_date,
        fuel_type,
        bidding_zone,
        interconnector_name,

        ---------- times
        publish_time as published_at_utc,

        ---------- measures
        output_usable as output_usable_mw,

        ---------- flags
        interconnector as is_interconnector,

        ---------- details
        system_zone,
        forecast_date_timezone,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
