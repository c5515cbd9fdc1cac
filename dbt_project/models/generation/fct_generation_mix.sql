-- One row per five minutes and fuel type, interconnectors apart.
{{ follow_by_settlement_day(cluster_by=['fuel_type']) }}

with

reported as (

    select
        inst.start_utc, inst.settlement_date, inst.settlement_period, inst.published_at_utc, inst.fuel_type,
        inst.generation_mw,
        fuels.fuel_name, fuels.category,
        coalesce(fuels.is_renewable, false) as is_renewable,
        -- what a plant or a pump takes from the grid is no part of what was generated
        sum(greatest(inst.generation_mw, 0)) over (partition by inst.settlement_date, inst.start_utc) as total_mw,
        count(inst.generation_mw) over (partition by inst.settlement_date, inst.start_utc) as fuel_count
    from {{ ref('bmrs_fuelinst_unified') }} as inst
    left join {{ ref('dim_fuel_types') }} as fuels on inst.fuel_type = fuels.fuel_type
    where
        {{ in_days_at_hand('inst.settlement_date') }}
        and not coalesce(fuels.is_interconnector, starts_with(inst.fuel_type, 'INT'))

),

judged as (

    select *, fuel_count = max(fuel_count) over (partition by settlement_date) as is_whole
    from reported

)

select
    start_utc,
    settlement_date,
    settlement_period,
    published_at_utc,
    fuel_type,
    coalesce(fuel_name, fuel_type) as fuel_name,
    coalesce(category, 'other') as category,
    is_renewable,
    cast(generation_mw as {{ float64() }}) as generation_mw,
    round(generation_mw * 5 / 60, 9) as energy_mwh,
    case when is_whole then round(greatest(generation_mw, 0) / nullif(total_mw, 0), 9) end as share_of_generation,
    is_whole
from judged
