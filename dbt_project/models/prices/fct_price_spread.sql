-- One row per settlement period with a system price or a market index.
with

revisions as (

    select
        settlement_date, settlement_period,
        count(case when price_change_gbp_per_mwh != 0 then 1 end) as revision_count,
        min_by(system_buy_price_gbp_per_mwh, created_at_utc) as first_price_gbp_per_mwh
    from {{ ref('fct_system_price_vintages') }}
    group by settlement_date, settlement_period

)

select
    settlement_date,
    settlement_period,
    coalesce(costs.start_utc, market.start_utc) as start_utc,
    costs.system_buy_price_gbp_per_mwh as system_price_gbp_per_mwh,
    market.market_index_price_gbp_per_mwh,
    round(costs.system_buy_price_gbp_per_mwh - market.market_index_price_gbp_per_mwh, 6) as spread_gbp_per_mwh,
    costs.net_imbalance_volume_mwh,
    case
        when costs.net_imbalance_volume_mwh > 0 then 'SHORT'
        when costs.net_imbalance_volume_mwh < 0 then 'LONG'
        when costs.net_imbalance_volume_mwh = 0 then 'BALANCED'
    end as system_length,
    {{ price_regime('costs.system_buy_price_gbp_per_mwh') }} as price_regime,
    revisions.revision_count,
    revisions.first_price_gbp_per_mwh,
    round(costs.system_buy_price_gbp_per_mwh - revisions.first_price_gbp_per_mwh, 6) as revised_by_gbp_per_mwh
from {{ ref('bmrs_costs') }} as costs
full join {{ ref('fct_market_index') }} as market using (settlement_date, settlement_period)
left join revisions using (settlement_date, settlement_period)
