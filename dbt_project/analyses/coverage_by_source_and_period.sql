-- How many settlement periods of each day the generation mix has from each channel, and how many readings.
select
    settlement_date, source,
    count(distinct settlement_period) as periods_held,
    count(distinct start_utc) as five_minutes_held,
    max(calendar.periods_in_day) * 6 as five_minutes_in_day,
    min(settlement_period) as first_period,
    max(settlement_period) as last_period
from {{ ref('bmrs_fuelinst_unified') }}
inner join {{ ref('dim_settlement_periods') }} as calendar using (settlement_date, settlement_period)
group by settlement_date, source
order by settlement_date desc, source
