-- One row per REMIT message on the unavailability of a facility: its latest revision.
with

messages as (

    select
        remit.*,
        event_status = 'Active' and event_start_utc <= {{ now_utc() }} and coalesce(event_end_utc > {{ now_utc() }}, true)
            as is_active_now,
        event_type = 'Production unavailability' as is_production
    from {{ ref('bmrs_remit_unified') }} as remit

),

ranked as (

    -- a unit may have several messages for the same hours: only the largest of them counts
    select
        *, row_number() over (
            partition by coalesce(affected_unit, asset_id, mrid), is_active_now, is_production
            order by coalesce(unavailable_capacity_mw, 0) desc, mrid
        ) = 1 as is_largest
    from messages

)

select
    ranked.mrid,
    ranked.revision_number,
    ranked.published_at_utc,
    ranked.event_start_utc,
    ranked.event_end_utc,
    ranked.event_status,
    ranked.event_type,
    ranked.unavailability_type,
    ranked.participant_id,
    ranked.asset_id,
    ranked.affected_unit,
    units.bm_unit_name,
    ranked.fuel_type,
    cast(ranked.normal_capacity_mw as {{ float64() }}) as normal_capacity_mw,
    cast(ranked.available_capacity_mw as {{ float64() }}) as available_capacity_mw,
    cast(ranked.unavailable_capacity_mw as {{ float64() }}) as unavailable_capacity_mw,
    ranked.cause,
    coalesce(ranked.is_active_now, false) as is_active_now,
    coalesce(ranked.is_active_now and ranked.is_production and ranked.is_largest, false) as is_counted,
    {{ now_utc() }} as evaluated_at_utc,
    ranked.fetched_at_utc
from ranked
left join {{ ref('dim_bm_units') }} as units on ranked.affected_unit = units.national_grid_bm_unit
