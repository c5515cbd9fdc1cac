-- One row per published settlement period; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'disebsp') }}

),

renamed as (

    select

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        start_time as start_utc,
        created_date_time as created_at_utc,

        ---------- measures
        system_sell_price as system_sell_price_gbp_per_mwh,
        system_buy_price as system_buy_price_gbp_per_mwh,
        reserve_scarcity_price as reserve_scarcity_price_gbp_per_mwh,
        net_imbalance_volume as net_imbalance_volume_mwh,
        sell_price_adjustment as sell_price_adjustment_gbp_per_mwh,
        buy_price_adjustment as buy_price_adjustment_gbp_per_mwh,
        replacement_price as replacement_price_gbp_per_mwh,
        replacement_price_reference_volume as replacement_price_reference_volume_mwh,
        total_accepted_offer_volume as total_accepted_offer_volume_mwh,
        total_accepted_bid_volume as total_accepted_bid_volume_mwh,
        total_adjustment_sell_volume as total_adjustment_sell_volume_mwh,
        total_adjustment_buy_volume as total_adjustment_buy_volume_mwh,
        total_system_tagged_accepted_offer_volume as total_system_tagged_accepted_offer_volume_mwh,
        total_system_tagged_accepted_bid_volume as total_system_tagged_accepted_bid_volume_mwh,
        total_system_tagged_adjustment_sell_volume as total_system_tagged_adjustment_sell_volume_mwh,
        total_system_tagged_adjustment_buy_volume as total_system_tagged_adjustment_buy_volume_mwh,

        ---------- flags
        bsad_defaulted as is_bsad_defaulted,

        ---------- details
        price_derivation_code,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
