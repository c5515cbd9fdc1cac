-- One row per settlement period and interconnector.
{{ follow_by_settlement_day(cluster_by=['fuel_type']) }}

select
    hours.start_utc,
    hours.settlement_date,
    hours.settlement_period,
    hours.published_at_utc,
    hours.fuel_type,
    coalesce(links.interconnector_name, hours.fuel_type) as interconnector_name,
    links.country,
    cast(hours.generation_mw as {{ float64() }}) as flow_mw,
    round(hours.generation_mw / 2, 9) as energy_mwh,
    {{ flow_direction('hours.generation_mw') }} as direction,
    cast(sum(hours.generation_mw) over (
        partition by hours.settlement_date, hours.start_utc
    ) as {{ float64() }}) as net_import_mw
from {{ ref('bmrs_fuelhh_unified') }} as hours
left join {{ ref('dim_interconnectors') }} as links on hours.fuel_type = links.fuel_type
where
    {{ in_days_at_hand('hours.settlement_date') }}
    and starts_with(hours.fuel_type, 'INT')
