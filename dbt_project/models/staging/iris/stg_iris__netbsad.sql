-- One row per published settlement period; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'netbsad') }}

),

renamed as (

    select

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- measures
        net_buy_price_cost_adjustment_energy as net_buy_price_cost_adjustment_energy_gbp,
        net_buy_price_volume_adjustment_energy as net_buy_price_volume_adjustment_energy_mwh,
        net_buy_price_volume_adjustment_system as net_buy_price_volume_adjustment_system_mwh,
        buy_price_price_adjustment as buy_price_price_adjustment_gbp_per_mwh,
        net_sell_price_cost_adjustment_energy as net_sell_price_cost_adjustment_energy_gbp,
        net_sell_price_volume_adjustment_energy as net_sell_price_volume_adjustment_energy_mwh,
        net_sell_price_volume_adjustment_system as net_sell_price_volume_adjustment_system_mwh,
        sell_price_price_adjustment as sell_price_price_adjustment_gbp_per_mwh,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
