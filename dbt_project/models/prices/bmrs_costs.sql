-- One row per settlement period: the latest vintage of its system price. Vintages are never averaged.
select
    settlement_date,
    settlement_period,
    start_utc,
    created_at_utc,
    system_sell_price_gbp_per_mwh,
    system_buy_price_gbp_per_mwh,
    net_imbalance_volume_mwh,
    price_derivation_code,
    is_bsad_defaulted,
    reserve_scarcity_price_gbp_per_mwh,
    sell_price_adjustment_gbp_per_mwh,
    buy_price_adjustment_gbp_per_mwh,
    replacement_price_gbp_per_mwh,
    replacement_price_reference_volume_mwh,
    total_accepted_offer_volume_mwh,
    total_accepted_bid_volume_mwh,
    total_adjustment_sell_volume_mwh,
    total_adjustment_buy_volume_mwh,
    total_system_tagged_accepted_offer_volume_mwh,
    total_system_tagged_accepted_bid_volume_mwh,
    total_system_tagged_adjustment_sell_volume_mwh,
    total_system_tagged_adjustment_buy_volume_mwh,
    source,
    fetched_at_utc,
    load_id
from {{ ref('fct_system_price_vintages') }}
where is_latest
