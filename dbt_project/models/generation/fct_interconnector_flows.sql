-- One row per five minutes and interconnector.
{{ follow_by_settlement_day(cluster_by=['fuel_type']) }}

select
    inst.start_utc,
    inst.settlement_date,
    inst.settlement_period,
    inst.published_at_utc,
    inst.fuel_type,
    coalesce(links.interconnector_name, inst.fuel_type) as interconnector_name,
    links.country,
    cast(inst.generation_mw as {{ float64() }}) as flow_mw,
    round(inst.generation_mw * 5 / 60, 9) as energy_mwh,
    {{ flow_direction('inst.generation_mw') }} as direction,
    cast(sum(inst.generation_mw) over (
        partition by inst.settlement_date, inst.start_utc
    ) as {{ float64() }}) as net_import_mw
from {{ ref('bmrs_fuelinst_unified') }} as inst
left join {{ ref('dim_interconnectors') }} as links on inst.fuel_type = links.fuel_type
where
    {{ in_days_at_hand('inst.settlement_date') }}
    and starts_with(inst.fuel_type, 'INT')
