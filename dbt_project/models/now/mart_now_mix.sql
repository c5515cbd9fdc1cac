-- One row per fuel type and interconnector: its newest five minutes.
select
    'generation' as kind,
    fuel_type,
    fuel_name as name,
    category,
    cast(null as string) as country,
    generation_mw as power_mw,
    share_of_generation,
    cast(null as string) as direction,
    start_utc + interval 5 minute as as_of_utc
from {{ ref('fct_generation_mix') }}
where
    {{ in_newest_days(ref('fct_generation_mix')) }} and start_utc = (
        select max(start_utc) from {{ ref('fct_generation_mix') }} where {{ in_newest_days(ref('fct_generation_mix')) }}
    )
union all
select
    'interconnector',
    fuel_type,
    interconnector_name,
    'interconnector',
    country,
    flow_mw,
    cast(null as {{ float64() }}),
    direction,
    start_utc + interval 5 minute
from {{ ref('fct_interconnector_flows') }}
where {{ in_newest_days(ref('fct_interconnector_flows')) }} and start_utc = (
    select max(start_utc) from {{ ref('fct_interconnector_flows') }} where {{ in_newest_days(ref('fct_interconnector_flows')) }}
)
