-- One row per vintage of a settlement period's system price, with the change against the vintage before.
with

vintages as (

    select
        *,
        row_number() over (
            partition by settlement_date, settlement_period order by created_at_utc
        ) as vintage,
        lag(created_at_utc) over (
            partition by settlement_date, settlement_period order by created_at_utc
        ) as previous_created_at_utc,
        lag(system_buy_price_gbp_per_mwh) over (
            partition by settlement_date, settlement_period order by created_at_utc
        ) as previous_price_gbp_per_mwh,
        lag(net_imbalance_volume_mwh) over (
            partition by settlement_date, settlement_period order by created_at_utc
        ) as previous_volume_mwh,
        lead(created_at_utc) over (
            partition by settlement_date, settlement_period order by created_at_utc
        ) is null as is_latest
    from {{ ref('bmrs_disebsp_unified') }}

)

select
    settlement_date,
    settlement_period,
    -- the publisher may leave it out
    coalesce(
        start_utc,
        {{ settlement_day_start('settlement_date') }} + interval ((settlement_period - 1) * 30) minute
    ) as start_utc,
    created_at_utc,
    vintage,
    is_latest,
    system_sell_price_gbp_per_mwh,
    system_buy_price_gbp_per_mwh,
    net_imbalance_volume_mwh,
    previous_created_at_utc,
    round(system_buy_price_gbp_per_mwh - previous_price_gbp_per_mwh, 6) as price_change_gbp_per_mwh,
    round(net_imbalance_volume_mwh - previous_volume_mwh, 6) as net_imbalance_volume_change_mwh,
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
from vintages
