-- One row per published BM unit, settlement period and side; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'ebocf') }}

),

renamed as (

    select

        ---------- keys
        bid_offer,
        bm_unit,
        national_grid_bm_unit,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        start_time as start_utc,
        created_date_time as created_at_utc,

        ---------- measures
        bid_offer_pair_cashflows as bid_offer_pair_cashflows_gbp,
        total_cashflow as total_cashflow_gbp,

        ---------- details
        bm_unit_type,
        lead_party_name,

        ---------- lineage
        _is_whole_day as is_whole_day,
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
