-- One row per published bid-offer pair of a BM unit and piece of a settlement period; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'bod') }}

),

renamed as (

    select

        ---------- keys
        national_grid_bm_unit,
        bm_unit,
        time_from as from_utc,
        time_to as to_utc,
        pair_id,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        level_from as level_from_mw,
        level_to as level_to_mw,
        offer as offer_price_gbp_per_mwh,
        bid as bid_price_gbp_per_mwh,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
