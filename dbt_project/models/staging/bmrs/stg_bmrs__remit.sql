-- One row per published revision of a REMIT message; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'remit') }}

),

renamed as (

    select

        ---------- keys
        mrid,
        revision_number,
        publish_time as published_at_utc,
        created_time as created_at_utc,

        ---------- times
        event_start_time as event_start_utc,
        event_end_time as event_end_utc,

        ---------- measures
        normal_capacity as normal_capacity_mw,
        available_capacity as available_capacity_mw,
        unavailable_capacity as unavailable_capacity_mw,

        ---------- details
        message_type,
        message_heading,
        event_type,
        unavailability_type,
        participant_id,
        registration_code,
        asset_id,
        asset_type,
        affected_unit,
        affected_unit_eic,
        affected_area,
        bidding_zone,
        fuel_type,
        event_status,
        duration_uncertainty,
        cause,
        related_information,
        outage_profile,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
