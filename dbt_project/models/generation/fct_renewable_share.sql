-- One row per five minutes.
{{ config(materialized='view') }}

select
    settlement_date,
    settlement_period,
    start_utc,
    round(sum(greatest(generation_mw, 0)), 6) as generation_mw,
    round(sum(case when fuel_type = 'WIND' then generation_mw end), 6) as wind_mw,
    round(sum(case when is_renewable then generation_mw end), 6) as renewable_mw,
    round(sum(case when is_renewable or fuel_type = 'NUCLEAR' then generation_mw end), 6) as low_carbon_mw,
    round(sum(case when fuel_type = 'WIND' then share_of_generation end), 9) as wind_share,
    round(sum(case when is_renewable then share_of_generation end), 9) as renewable_share,
    round(sum(case when is_renewable or fuel_type = 'NUCLEAR' then share_of_generation end), 9) as low_carbon_share
from {{ ref('fct_generation_mix') }}
group by settlement_date, settlement_period, start_utc
