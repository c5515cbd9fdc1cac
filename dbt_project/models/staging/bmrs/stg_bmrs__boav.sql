-- One row per published acceptance of a BM unit, settlement period and side; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'boav') }}

),

renamed as (

    select

        ---------- keys
        bid_offer,
        bm_unit,
        national_grid_bm_unit,
        acceptance_id as acceptance_number,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        created_date_time as created_at_utc,
        start_time as start_utc,

        ---------- measures
        total_volume_accepted as total_volume_accepted_mwh,
        pair_volumes as pair_volumes_mwh,

        ---------- details
        bm_unit_type,
        lead_party_name,
        acceptance_duration,

        ---------- lineage
        _is_whole_day as is_whole_day,
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
