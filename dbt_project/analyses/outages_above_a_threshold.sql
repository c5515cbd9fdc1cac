-- Outages that take away at least so many MW, 100 as it stands; the ones that are active first, the largest first.
select
    affected_unit, bm_unit_name, fuel_type, unavailability_type,
    unavailable_capacity_mw, normal_capacity_mw,
    event_start_utc, event_end_utc, is_active_now, cause, mrid, revision_number
from {{ ref('fct_outages') }}
where event_status = 'Active' and unavailable_capacity_mw >= 100
order by is_active_now desc, unavailable_capacity_mw desc
