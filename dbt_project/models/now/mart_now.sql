-- One row per build: the newest of everything, each value with its own time, and why it is missing where it is.
with

mix as (

    select
        1 as one,
        sum(case when kind = 'generation' then greatest(power_mw, 0) end) as generation_mw,
        sum(case when kind = 'generation' then power_mw end) as net_generation_mw,
        max(case when kind = 'generation' then as_of_utc end) as generation_as_of_utc,
        sum(case when kind = 'interconnector' then power_mw end) as net_import_mw,
        max(case when kind = 'interconnector' then as_of_utc end) as net_import_as_of_utc
    from {{ ref('mart_now_mix') }}

),

acceptances as (

    select
        max(accepted_at_utc) as as_of_utc,
        nullif(count(distinct national_grid_bm_unit || ' ' || cast(acceptance_number as string)), 0) as in_hour
    from {{ ref('bmrs_boalf_unified') }}
    where {{ in_newest_days(ref('bmrs_boalf_unified')) }} and accepted_at_utc > (
        select max(accepted_at_utc) from {{ ref('bmrs_boalf_unified') }} where {{ in_newest_days(ref('bmrs_boalf_unified')) }}
    ) - interval 1 hour

),

outages as (

    select
        max(fetched_at_utc) as as_of_utc,
        sum(case when is_counted then unavailable_capacity_mw else 0 end) as unavailable_mw,
        sum(case when is_counted then 1 else 0 end) as units_unavailable
    from {{ ref('fct_outages') }}

)

select
    {{ now_utc() }} as built_at_utc,

    mix.generation_as_of_utc,
    cast(mix.generation_mw as {{ float64() }}) as generation_mw,
    renewables.wind_mw, renewables.wind_share, renewables.renewable_share, renewables.low_carbon_share,
    {{ missing('mix.generation_as_of_utc', 'FUELINST') }} as generation_missing_because,

    mix.net_import_as_of_utc,
    cast(mix.net_import_mw as {{ float64() }}) as net_import_mw,
    case
        when mix.generation_as_of_utc = mix.net_import_as_of_utc
            then cast(mix.net_generation_mw + mix.net_import_mw as {{ float64() }})
    end as system_demand_mw,
    {{ missing('mix.net_import_as_of_utc', 'FUELINST') }} as net_import_missing_because,

    carbon.start_utc + interval 5 minute as carbon_as_of_utc,
    carbon.carbon_intensity_gco2_per_kwh,
    {{ missing('carbon.start_utc', 'FUELINST') }} as carbon_missing_because,

    frequency.last_measured_at_utc as frequency_as_of_utc,
    frequency.last_frequency_hz as frequency_hz,
    {{ missing('frequency.last_measured_at_utc', 'FREQ') }} as frequency_missing_because,

    demand.start_utc + interval 30 minute as demand_as_of_utc,
    demand.national_demand_mw, demand.transmission_demand_mw, demand.national_demand_forecast_mw,
    {{ missing('demand.start_utc', 'INDO') }} as demand_missing_because,

    price.start_utc + interval 30 minute as system_price_as_of_utc,
    price.settlement_date as system_price_settlement_date,
    price.settlement_period as system_price_settlement_period,
    price.system_price_gbp_per_mwh, price.net_imbalance_volume_mwh, price.system_length, price.price_regime,
    {{ missing('price.start_utc', 'DISEBSP') }} as system_price_missing_because,

    market.start_utc + interval 30 minute as market_index_as_of_utc,
    market.market_index_price_gbp_per_mwh,
    {{ missing('market.start_utc', 'MID') }} as market_index_missing_because,

    acceptances.as_of_utc as acceptances_as_of_utc,
    acceptances.in_hour as acceptances_in_hour,
    {{ missing('acceptances.as_of_utc', 'BOALF') }} as acceptances_missing_because,

    outages.as_of_utc as outages_as_of_utc,
    cast(outages.unavailable_mw as {{ float64() }}) as unavailable_mw,
    cast(outages.units_unavailable as int64) as units_unavailable,
    {{ missing('outages.as_of_utc', 'REMIT') }} as outages_missing_because
from mix
cross join acceptances
cross join outages
left join {{ newest(ref('fct_renewable_share'), 'start_utc', 'generation_mw') }} as renewables on mix.one = renewables.one
left join {{ newest(ref('fct_carbon_intensity'), 'start_utc', 'carbon_intensity_gco2_per_kwh') }} as carbon on mix.one = carbon.one
left join {{ newest(ref('fct_system_frequency'), 'start_utc', 'last_frequency_hz') }} as frequency on mix.one = frequency.one
left join {{ newest(ref('fct_demand'), 'start_utc', 'national_demand_mw') }} as demand on mix.one = demand.one
left join {{ newest(ref('fct_price_spread'), 'start_utc', 'system_price_gbp_per_mwh') }} as price on mix.one = price.one
left join {{ newest(ref('fct_market_index'), 'start_utc', 'market_index_price_gbp_per_mwh') }} as market on mix.one = market.one
