-- One row per settlement period with market index data.
with

offered as (

    -- a provider whose trades stay below the threshold says 0 GBP/MWh and 0 MWh: no price, so in no average
    select *, price_gbp_per_mwh != 0 or coalesce(volume_mwh, 1) != 0 as is_traded
    from {{ ref('bmrs_mid_unified') }}

)

select
    settlement_date,
    settlement_period,
    start_utc,
    round(
        case
            when count(case when is_traded then 1 end) = 1 then max(case when is_traded then price_gbp_per_mwh end)
            when count(case when is_traded and volume_mwh is null then 1 end) = 0
                then
                    sum(case when is_traded then price_gbp_per_mwh * volume_mwh end)
                    / nullif(sum(case when is_traded then volume_mwh end), 0)
        end, 6
    ) as market_index_price_gbp_per_mwh,
    round(sum(case when is_traded then volume_mwh end), 6) as volume_mwh,
    count(case when is_traded then 1 end) as providers_traded,
    count(*) as providers_published,
    max(case when data_provider = 'APXMIDP' and is_traded then price_gbp_per_mwh end) as apx_price_gbp_per_mwh,
    max(case when data_provider = 'APXMIDP' then volume_mwh end) as apx_volume_mwh,
    max(case when data_provider = 'N2EXMIDP' and is_traded then price_gbp_per_mwh end) as n2ex_price_gbp_per_mwh,
    max(case when data_provider = 'N2EXMIDP' then volume_mwh end) as n2ex_volume_mwh,
    max(fetched_at_utc) as fetched_at_utc
from offered
group by settlement_date, settlement_period, start_utc
