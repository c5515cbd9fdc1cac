-- One row per hour with a wind forecast or an outturn.
with

outturn as (

    select
        start_utc - interval (case when mod(settlement_period, 2) = 0 then 30 else 0 end) minute as hour_utc,
        generation_mw,
        published_at_utc
    from {{ ref('bmrs_fuelhh_unified') }}
    where fuel_type = 'WIND'

),

hourly as (

    select
        hour_utc as start_utc,
        -- half an hour is no outturn of an hour
        case when count(generation_mw) = 2 then avg(generation_mw) end as outturn_mw
    from outturn
    group by hour_utc

)

select
    {{ settlement_date('start_utc') }} as settlement_date,
    start_utc,
    forecast.published_at_utc as forecast_published_at_utc,
    cast(forecast.generation_mw as {{ float64() }}) as forecast_mw,
    hourly.outturn_mw,
    round(forecast.generation_mw - hourly.outturn_mw, 6) as forecast_error_mw,
    round(abs(forecast.generation_mw - hourly.outturn_mw), 6) as absolute_error_mw
from hourly
full join {{ ref('bmrs_windfor_before_start') }} as forecast using (start_utc)
